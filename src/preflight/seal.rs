//! A seal: the plan and the host as a preview saw them, so that a run can refuse when either is different.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Ready;
use crate::{
    host::{files::sha256, process},
    plan::ResolvedInput,
    protocol::{FileId, Identity},
};

/// The version of the file.
const FORMAT: u8 = 1;

/// What is written by `preview --seal` and compared by `run --sealed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// 1.
    pub seal: u8,
    /// SHA-256 of the plan's text, hex.
    pub plan: String,
    /// SHA-256 of its inputs as they are recorded, hex: of a secret only that there is one.
    pub inputs: String,
    /// The boot: process numbers mean nothing in another one.
    pub boot: String,
    /// The host.
    pub host: Fingerprint,
}

/// What a run depends on, of one instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    /// The master that serves.
    pub master: Identity,
    /// The file that it runs, where that may be read.
    pub exe: Option<FileId>,
    /// The binary path.
    pub binary: String,
    /// The file that it leads to.
    pub found: FileId,
    /// SHA-256 of that file, hex: it can be written over where it lies, and after a commit it is what is kept. `None` where it
    /// may not be read.
    pub sha256: Option<String>,
    /// SHA-256 of what each file of the configuration says to nginx, comments and spaces aside; empty where it was not
    /// understood.
    pub configuration: BTreeMap<String, String>,
}

impl Seal {
    /// Of a plan and a host that passed every check.
    #[must_use]
    pub fn of(plan: &str, inputs: &[ResolvedInput], ready: &Ready) -> Self {
        Self {
            seal: FORMAT,
            plan: sha256(plan.as_bytes()),
            inputs: sha256(&serde_json::to_vec(inputs).unwrap_or_default()),
            boot: process::boot_id().unwrap_or_default(),
            host: ready.fingerprint.clone(),
        }
    }

    /// What is different now, in words; nothing where all is as it was sealed.
    #[must_use]
    pub fn differs(&self, now: &Self) -> Vec<String> {
        let (was, is) = (&self.host, &now.host);
        let changed = [
            (
                self.seal != now.seal,
                format!("the seal has format {}, this changeover writes {FORMAT}", self.seal),
            ),
            (self.plan != now.plan, "the plan's text".to_owned()),
            (self.inputs != now.inputs, "the values of its inputs".to_owned()),
            (self.boot != now.boot, "the host was started again".to_owned()),
            (was.master != is.master, format!("the master: {} then, {} now", was.master, is.master)),
            (was.exe != is.exe, "the file that the master runs".to_owned()),
            (was.binary != is.binary, format!("the binary path: {} then, {} now", was.binary, is.binary)),
            (was.found != is.found, format!("the file at {}", is.binary)),
            (
                was.found == is.found && was.sha256 != is.sha256,
                format!("the file at {} has other content", is.binary),
            ),
        ];
        let changed = changed.into_iter().filter_map(|(differs, what)| differs.then_some(what));
        changed.chain(files(&was.configuration, &is.configuration)).collect()
    }
}

/// Each file of the configuration that is different, new or gone.
fn files<'a>(
    was: &'a BTreeMap<String, String>,
    is: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = String> + 'a {
    let now = is.iter().filter_map(|(path, digest)| match was.get(path) {
        None => Some(format!("{path} is read now")),
        Some(before) => (before != digest).then(|| format!("{path} says something else")),
    });
    now.chain(
        was.keys().filter(|path| !is.contains_key(*path)).map(|path| format!("{path} is not read any more")),
    )
}

#[cfg(test)]
mod tests {
    use super::{FORMAT, Fingerprint, Seal};
    use crate::protocol::{FileId, Identity};

    fn seal() -> Seal {
        let file = |ino| FileId { dev: 1, ino };
        Seal {
            seal: FORMAT,
            plan: "p".into(),
            inputs: "i".into(),
            boot: "b".into(),
            host: Fingerprint {
                master: Identity { pid: 812, start: 5 },
                exe: Some(file(7)),
                binary: "/usr/sbin/nginx".into(),
                found: file(7),
                sha256: Some("s".into()),
                configuration: [("/etc/nginx/nginx.conf".to_owned(), "c".to_owned())].into(),
            },
        }
    }

    /// What differs after a change.
    fn after(change: impl FnOnce(&mut Seal)) -> Vec<String> {
        let mut now = seal();
        change(&mut now);
        seal().differs(&now)
    }

    #[test]
    fn each_difference_has_a_name_of_its_own() {
        assert_eq!(after(|_| {}), [] as [String; 0]);
        assert_eq!(after(|now| now.plan.clear()), ["the plan's text"]);
        assert_eq!(after(|now| now.inputs.clear()), ["the values of its inputs"]);
        assert_eq!(after(|now| now.boot.clear()), ["the host was started again"]);
        assert_eq!(after(|now| now.host.master.start = 6), ["the master: 812 then, 812 now"]);
        assert_eq!(after(|now| now.host.exe = None), ["the file that the master runs"]);
        assert_eq!(after(|now| now.host.found.ino = 8), ["the file at /usr/sbin/nginx"]);
        let content = "the file at /usr/sbin/nginx has other content";
        assert_eq!(after(|now| now.host.sha256 = Some("t".into())), [content]);
        let path = "/etc/nginx/nginx.conf";
        let said = after(|now| drop(now.host.configuration.insert(path.into(), "d".into())));
        assert_eq!(said, [format!("{path} says something else")]);
        let read = after(|now| drop(now.host.configuration.insert("/etc/nginx/x".into(), "d".into())));
        assert_eq!(read, ["/etc/nginx/x is read now"]);
        assert_eq!(after(|now| now.host.configuration.clear()), [format!("{path} is not read any more")]);
    }

    #[test]
    fn it_is_read_as_it_was_written_and_nothing_else_is() {
        let text = serde_json::to_string(&seal()).unwrap();
        assert_eq!(serde_json::from_str::<Seal>(&text).unwrap(), seal());
        assert!(serde_json::from_str::<Seal>(&text.replacen('{', "{\"more\":1,", 1)).is_err());
    }
}
