//! What `-v` and `-V` print: product, version, and the arguments the build was configured with.

use std::fmt;

use super::printable;

/// No more of the output is read.
const MOST_BYTES: usize = 64 * 1024;
/// No more words of the configure line are kept.
const MOST_ARGUMENTS: usize = 1000;

/// A version of nginx's own core, which decides what a build knows.
pub type Core = (u32, u32, u32);

/// What a binary says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// `nginx`, `openresty`, `Tengine`, `freenginx`.
    pub product: String,
    /// The word that follows the slash, exactly.
    pub version: String,
    /// The version of nginx's core inside, where the build tells it.
    pub core: Option<Core>,
    configure: Vec<(String, String)>,
}

/// The output is not what a server of nginx's family prints.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no line \"NAME version: NAME/NUMBER\" but {0:?}")]
pub struct NoVersion(String);

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.product, self.version)
    }
}

impl Build {
    /// Reads what `-v` or `-V` wrote to standard error (`src/core/nginx.c`, `ngx_show_version_info`).
    ///
    /// # Errors
    /// When there is no version line.
    pub fn parse(output: &[u8]) -> Result<Self, NoVersion> {
        let text = String::from_utf8_lossy(output.get(..MOST_BYTES).unwrap_or(output));
        let mut named = text.lines().filter_map(version_line);
        let Some((product, version)) = named.next() else {
            return Err(NoVersion(printable(text.trim(), 200)));
        };
        // Tengine prints its own line first and that of the nginx inside second.
        let inside = named.find(|(product, _)| *product == "nginx");
        let core = match (product, inside) {
            (_, Some((_, version))) => core(version),
            ("nginx" | "openresty" | "freenginx", None) => core(version),
            _ => None,
        };
        let configure = text.lines().find_map(|line| line.strip_prefix("configure arguments:"));
        Ok(Self {
            product: printable(product, 64),
            version: printable(version, 64),
            core,
            configure: configure.map(configure_arguments).unwrap_or_default(),
        })
    }

    /// The value of a configure argument such as `--pid-path`, without nginx's quotes; `""` for a bare switch.
    #[must_use]
    pub fn configured(&self, name: &str) -> Option<&str> {
        // configure takes the last of several.
        self.configure.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether this build is older than that core; `None` where the build does not tell its core.
    #[must_use]
    pub fn is_older_than(&self, core: Core) -> Option<bool> {
        self.core.map(|own| own < core)
    }

    /// Whether the command line may hold this option. Only `-e` came after 1.0 (nginx 1.19.5).
    #[must_use]
    pub fn supports_option(&self, option: char) -> bool {
        option != 'e' || self.is_older_than((1, 19, 5)) != Some(true)
    }
}

fn version_line(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once(" version: ")?;
    let (product, version) = rest.split_whitespace().next()?.split_once('/')?;
    (!product.is_empty() && !version.is_empty()).then_some((product, version))
}

/// The first three numbers: `OpenResty` appends a fourth of its own.
fn core(version: &str) -> Option<Core> {
    let mut numbers = version.split('.').map(str::parse);
    match (numbers.next(), numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch))) => Some((major, minor, patch)),
        _ => None,
    }
}

/// Values with blanks stand in single quotes that configure does not escape, so the closing one is the one before a
/// blank or the end.
fn configure_arguments(line: &str) -> Vec<(String, String)> {
    let mut arguments = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() && arguments.len() < MOST_ARGUMENTS {
        let quoted = rest.find("='").filter(|at| !rest.get(..*at).unwrap_or_default().contains(' '));
        let end = match quoted {
            Some(at) => {
                rest.get(at + 2..).and_then(|value| value.find("' ")).map_or(rest.len(), |end| at + 3 + end)
            }
            None => rest.find(' ').unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let value = value.strip_prefix('\'').map_or(value, |value| value.strip_suffix('\'').unwrap_or(value));
        arguments.push((name.to_owned(), value.to_owned()));
        rest = after.trim_start();
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::Build;

    const DEBIAN: &[u8] = b"nginx version: nginx/1.22.1\nbuilt with OpenSSL 3.0.8 7 Feb 2023\nTLS SNI support enabled\n\
        configure arguments: --with-cc-opt='-g -O2 -fPIC' --with-ld-opt='-Wl,-z,relro -fPIC' --prefix=/usr/share/nginx \
        --conf-path=/etc/nginx/nginx.conf --pid-path=/run/nginx.pid --with-debug --user='www data'\n";

    #[test]
    fn a_build_of_debian_tells_everything() {
        let build = Build::parse(DEBIAN).unwrap();
        assert_eq!((build.product.as_str(), build.version.as_str()), ("nginx", "1.22.1"));
        assert_eq!(build.core, Some((1, 22, 1)));
        assert_eq!(build.configured("--with-cc-opt"), Some("-g -O2 -fPIC"));
        assert_eq!(build.configured("--pid-path"), Some("/run/nginx.pid"));
        assert_eq!(build.configured("--with-debug"), Some(""));
        assert_eq!(build.configured("--user"), Some("www data"));
        assert_eq!(build.configured("--group"), None);
        assert_eq!(build.to_string(), "nginx/1.22.1");
    }

    #[test]
    fn relatives_of_nginx_tell_the_core_inside() {
        let openresty = Build::parse(b"nginx version: openresty/1.25.3.2\n").unwrap();
        assert_eq!((openresty.version.as_str(), openresty.core), ("1.25.3.2", Some((1, 25, 3))));
        let tengine = Build::parse(b"Tengine version: Tengine/3.1.0\nnginx version: nginx/1.24.0\n").unwrap();
        assert_eq!((tengine.version.as_str(), tengine.core), ("3.1.0", Some((1, 24, 0))));
        let unknown = Build::parse(b"Other version: Other/9.9.9\n").unwrap();
        assert_eq!(unknown.core, None);
        assert!(unknown.supports_option('e'));
    }

    #[test]
    fn the_label_of_a_distribution_is_not_part_of_the_version() {
        assert_eq!(Build::parse(b"nginx version: nginx/1.18.0 (Ubuntu)\n").unwrap().version, "1.18.0");
    }

    #[test]
    fn option_e_came_with_1_19_5() {
        let supports = |version: &str| {
            Build::parse(format!("nginx version: nginx/{version}").as_bytes()).unwrap().supports_option('e')
        };
        assert!(!supports("1.18.0") && !supports("1.19.4"));
        assert!(supports("1.19.5") && supports("1.31.4"));
    }

    #[test]
    fn other_programs_have_no_version() {
        for output in
            [&b""[..], b"bash: not found", b"x version: /", b"\xff\xff version: \xff", b" version: a/"]
        {
            assert!(Build::parse(output).is_err(), "{output:?}");
        }
    }
}
