//! The command line of a master, from its title: which binary it executes on USR2 and with which options.

use super::{config, printable};

/// What every master of nginx, `OpenResty`, Tengine and freenginx calls itself (`ngx_master_process_cycle`).
const TITLE: &str = "nginx: master process ";
/// No longer titles are read.
const MOST_BYTES: usize = 64 * 1024;

/// The arguments that a master was started with and that it hands to every new binary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// argv[0] as it was typed: what USR2 executes, without a search in PATH.
    pub program: String,
    /// `-c`: the configuration file.
    pub configuration: Option<String>,
    /// `-p`: the prefix.
    pub prefix: Option<String>,
    /// `-g`: directives in front of the configuration file.
    pub directives: Option<String>,
    /// `-e`: the error log until the configuration is read.
    pub error_log: Option<String>,
}

/// Why a title does not tell the arguments.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentsError {
    /// With `master_process off` the title stays the plain command line.
    #[error("the title {0:?} is not that of an nginx master")]
    NoMaster(String),
    /// The title separates arguments by blanks, and one of them seems to hold blanks.
    #[error("where {0:?} ends in the title cannot be told: an argument holds blanks")]
    Ambiguous(String),
    /// nginx cuts its title where its arguments and environment ended (`ngx_setproctitle.c`).
    #[error("the title fills all its room, so its end may be missing")]
    Cut,
    /// An option that nginx does not have.
    #[error("the title holds {0:?}, which is not an option of nginx")]
    UnknownOption(String),
}

impl Arguments {
    /// Takes a master's title apart by the rules of `ngx_get_options` (`src/core/nginx.c`). Only the value of `-g` may
    /// hold blanks: it ends where nginx's own directives end.
    ///
    /// # Errors
    /// When the title is not a master's, or two command lines could have given it.
    pub fn from_title(title: &str) -> Result<Self, ArgumentsError> {
        let title = title.get(..MOST_BYTES).unwrap_or(title);
        let Some(line) = title.strip_prefix(TITLE) else {
            return Err(ArgumentsError::NoMaster(printable(title, 100)));
        };
        let (program, mut rest) =
            line.split_once(' ').map_or((line, None), |(program, rest)| (program, Some(rest)));
        if program.is_empty() {
            return Err(ArgumentsError::NoMaster(printable(title, 100)));
        }
        let mut arguments = Self { program: program.to_owned(), ..Self::default() };
        while let Some(text) = rest {
            rest = arguments.take(text)?;
        }
        Ok(arguments)
    }

    /// The options as a command line for a configuration test: the master's own, without those that only matter to
    /// what is printed, and `switch` (`-t`, `-T`) in front.
    #[must_use]
    pub fn with(&self, switch: &str) -> Vec<String> {
        let mut line = vec![switch.to_owned()];
        for (option, value) in self.options() {
            line.push(format!("-{option}"));
            line.push(value.to_owned());
        }
        line
    }

    /// The options that have a value, with it.
    pub fn options(&self) -> impl Iterator<Item = (char, &str)> {
        let all = [
            ('p', &self.prefix),
            ('c', &self.configuration),
            ('e', &self.error_log),
            ('g', &self.directives),
        ];
        all.into_iter().filter_map(|(option, value)| Some((option, value.as_deref()?)))
    }

    /// Takes the first argument (and its value) off the line; the rest of the line is `None` at its end.
    fn take<'a>(&mut self, line: &'a str) -> Result<Option<&'a str>, ArgumentsError> {
        let ambiguous = || ArgumentsError::Ambiguous(printable(line, 100));
        let Some(flags) = line.strip_prefix('-') else { return Err(ambiguous()) };
        for (at, flag) in flags.char_indices() {
            let after = flags.get(at + flag.len_utf8()..).unwrap_or_default();
            match flag {
                ' ' if at > 0 => return Ok(Some(after)),
                'q' | 't' | 'T' | 'v' | 'V' | 'h' | '?' => {}
                'c' | 'p' | 'e' | 'g' | 's' => {
                    let value = after.strip_prefix(' ').unwrap_or(after);
                    let end = if flag == 'g' { end_of_directives(value) } else { end_of_word(value) };
                    let (value, rest) =
                        value.split_at_checked(end.ok_or_else(ambiguous)?).ok_or_else(ambiguous)?;
                    self.set(flag, value);
                    return Ok(rest.strip_prefix(' '));
                }
                _ => {
                    let word = line.split(' ').next().unwrap_or_default();
                    return Err(ArgumentsError::UnknownOption(printable(word, 100)));
                }
            }
        }
        if flags.is_empty() { Err(ambiguous()) } else { Ok(None) }
    }

    fn set(&mut self, flag: char, value: &str) {
        let place = match flag {
            'c' => &mut self.configuration,
            'p' => &mut self.prefix,
            'e' => &mut self.error_log,
            'g' => &mut self.directives,
            _ => return,
        };
        *place = Some(value.to_owned());
    }
}

/// Where a value without blanks ends; `None` if it is empty or what follows is not an option.
fn end_of_word(text: &str) -> Option<usize> {
    let end = text.find(' ').unwrap_or(text.len());
    let follows = text.get(end..)?;
    (end > 0 && (follows.is_empty() || follows.starts_with(" -"))).then_some(end)
}

/// Where the directives of `-g` end: the first place where they are complete and an option or nothing follows.
fn end_of_directives(text: &str) -> Option<usize> {
    let option = text.match_indices(" -").map(|(at, _)| at);
    option.chain([text.len()]).take(100).find(|end| {
        text.get(..*end).is_some_and(|directives| config::parse(directives).is_ok_and(|d| !d.is_empty()))
    })
}

#[cfg(test)]
mod tests {
    use super::{Arguments, ArgumentsError};

    fn read(line: &str) -> Result<Arguments, ArgumentsError> {
        Arguments::from_title(&format!("nginx: master process {line}"))
    }

    #[test]
    fn the_command_line_of_debian_is_recovered() {
        let arguments = read("/usr/sbin/nginx -g daemon on; master_process on;").unwrap();
        assert_eq!(arguments.program, "/usr/sbin/nginx");
        assert_eq!(arguments.directives.as_deref(), Some("daemon on; master_process on;"));
        assert_eq!(arguments.with("-T"), ["-T", "-g", "daemon on; master_process on;"]);
    }

    #[test]
    fn every_option_is_recovered_in_any_order_and_form() {
        let arguments =
            read("/opt/nginx -q -g user www; env A=\"b -c d\"; -c/etc/n.conf -p /srv/ -e stderr").unwrap();
        assert_eq!(arguments.configuration.as_deref(), Some("/etc/n.conf"));
        assert_eq!(arguments.prefix.as_deref(), Some("/srv/"));
        assert_eq!(arguments.error_log.as_deref(), Some("stderr"));
        assert_eq!(arguments.directives.as_deref(), Some("user www; env A=\"b -c d\";"));
        assert_eq!(arguments.with("-t").first().map(String::as_str), Some("-t"));
        assert_eq!(read("nginx").unwrap().with("-T"), ["-T"]);
        assert_eq!(read("nginx -qc n.conf").unwrap().configuration.as_deref(), Some("n.conf"));
    }

    #[test]
    fn an_argument_with_blanks_is_not_guessed() {
        for line in [
            "/srv/my server/nginx -c a.conf",
            "/usr/sbin/nginx -c /srv/my conf/nginx.conf",
            "/usr/sbin/nginx  -c a.conf",
            "/usr/sbin/nginx -c",
            "/usr/sbin/nginx -c ",
            "/usr/sbin/nginx -",
            "/usr/sbin/nginx -g daemon on",
            "/usr/sbin/nginx -q ",
        ] {
            assert!(matches!(read(line), Err(ArgumentsError::Ambiguous(_))), "{line}: {:?}", read(line));
        }
    }

    #[test]
    fn other_options_and_other_programs_are_told() {
        assert!(matches!(read("/usr/sbin/nginx -x y"), Err(ArgumentsError::UnknownOption(w)) if w == "-x"));
        assert!(matches!(read(""), Err(ArgumentsError::NoMaster(_))));
        assert!(matches!(Arguments::from_title("/usr/sbin/nginx -c x"), Err(ArgumentsError::NoMaster(_))));
        assert!(matches!(Arguments::from_title("nginx: worker process"), Err(ArgumentsError::NoMaster(_))));
    }
}
