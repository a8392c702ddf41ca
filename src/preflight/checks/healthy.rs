//! A host on which every check passes: tests change one fact of it.

use std::path::PathBuf;

use crate::{
    engine::{Level, NewFile},
    host::{Exchanges, files::Hashed, place::Place},
    nginx::{arguments::Arguments, dump::Configuration, version::Build},
    plan::steps::{AdoptBinary, IfSame, ReplaceBinary},
    preflight::{
        Access, BinaryPath, BinaryStep, Digest, Facts, Finding, Held, Judged, Master, Network, Offered,
        Oldbin, PidFile, PidText, Sight, Socket, Space, Trial, Wanted,
    },
    protocol::{FileId, Identity},
};

pub(super) const CONFIGURATION: &str = "worker_processes 2; pid /run/nginx.pid; http { server { listen 80; } \
    server { listen unix:/run/app.sock; } }";

pub(super) fn facts() -> Facts {
    Facts {
        wanted: Wanted { binary: Some(replacing()), probes_before_winch: Vec::new() },
        new_file: NewFile::Staged,
        pid_file: PidFile {
            path: "/run/nginx.pid".into(),
            text: PidText::Names(812),
            oldbin: Oldbin::None,
            same_next: true,
            others: Vec::new(),
        },
        master: Some(master()),
        path: Some(BinaryPath {
            path: "/usr/sbin/nginx".into(),
            place: Ok(place(7)),
            space: Some(Space { free: 1 << 30, needed: 1 << 20 }),
            noexec: false,
            exchange: Ok(Some(Exchanges::InOneStep)),
        }),
        sight: Some(Sight { root: None, differ: Vec::new() }),
        access: Access {
            signal: true,
            descriptors: true,
            view: true,
            exchange: true,
            pid_file_renamed: true,
            euid: 0,
        },
        unit: None,
        running: Some(trial("1.22.1", CONFIGURATION)),
        offered: Some(Offered {
            file: "/srv/nginx".into(),
            digest: Digest::Is(hashed("ab")),
            executable: true,
            trial: Some(trial("1.26.3", CONFIGURATION)),
        }),
        found: None,
        not_kept: None,
        newer_files: Vec::new(),
        processors: 4,
        state_in_memory: None,
    }
}

/// The same host after a package manager has put 1.26.3 at the path, and the plan adopts it.
pub(super) fn adopting() -> Facts {
    let mut facts = facts();
    facts.wanted.binary = Some(BinaryStep::Adopt(AdoptBinary {
        version: Some("1.26.3".into()),
        sha256: "ab".repeat(32).parse().ok(),
        if_same: IfSame::Done,
    }));
    facts.new_file = NewFile::Adopted;
    facts.path.as_mut().unwrap().place = Ok(place(8));
    offered(&mut facts).file = "/usr/sbin/nginx".into();
    facts
}

/// A file with a digest of this byte again and again.
pub(super) fn hashed(byte: &str) -> Hashed {
    Hashed { id: FileId { dev: 1, ino: 8 }, sha256: byte.repeat(32), size: 1 }
}

/// The same host with this configuration on disk.
pub(super) fn with_configuration(text: &str) -> Facts {
    let mut facts = facts();
    facts.running = Some(trial("1.22.1", text));
    offered(&mut facts).trial = Some(trial("1.26.3", text));
    facts
}

pub(super) fn trial(version: &str, configuration: &str) -> Trial {
    let text = format!(
        "nginx version: nginx/{version}\nconfigure arguments: --pid-path=/run/nginx.pid --user=www-data\n"
    );
    let dump = format!("# configuration file /etc/nginx/nginx.conf:\n{configuration}\n");
    Trial {
        build: Ok(Build::parse(text.as_bytes()).unwrap()),
        configuration: Some(Judged::Good(Configuration::parse(dump.as_bytes(), None).unwrap())),
    }
}

pub(super) fn offered(facts: &mut Facts) -> &mut Offered {
    facts.offered.as_mut().unwrap()
}

/// The binary step of the plan, which is a `replace-binary`.
pub(super) fn replace(facts: &mut Facts) -> &mut ReplaceBinary {
    match &mut facts.wanted.binary {
        Some(BinaryStep::Replace(step)) => step,
        step => panic!("{step:?}"),
    }
}

pub(super) fn master_of(facts: &mut Facts) -> &mut Master {
    facts.master.as_mut().unwrap()
}

fn replacing() -> BinaryStep {
    BinaryStep::Replace(ReplaceBinary {
        source: PathBuf::from("/srv/nginx"),
        sha256: "ab".repeat(32).parse().unwrap(),
        target: None,
        version: None,
        if_same: IfSame::Done,
    })
}

/// A path that is the file itself, with this inode.
pub(super) fn place(ino: u64) -> Place {
    let id = FileId { dev: 1, ino };
    Place {
        directory: "/usr/sbin".into(),
        name: "nginx".into(),
        entry: id,
        file: id,
        leads_to: "/usr/sbin/nginx".into(),
    }
}

fn master() -> Master {
    let title = "nginx: master process /usr/sbin/nginx -g daemon on;";
    Master {
        id: Identity { pid: 812, start: 100 },
        exe: Some(FileId { dev: 1, ino: 7 }),
        title: title.into(),
        titled: true,
        stopped: false,
        exe_path: "/usr/sbin/nginx".into(),
        arguments: Arguments::from_title(title),
        executes: Some(Ok("/usr/sbin/nginx".into())),
        user: (0, 0),
        raised: false,
        directory: None,
        daemonized: Some(true),
        other_numbers: false,
        network: Network::Ours,
        parent_master: None,
        child_masters: Vec::new(),
        workers: vec![Identity { pid: 813, start: 101 }, Identity { pid: 814, start: 101 }],
        draining: 0,
        cache_manager: false,
        held: vec![
            Held { socket: Socket::Tcp(([0, 0, 0, 0], 80).into()), count: 1 },
            Held { socket: Socket::Unix("/run/app.sock".into(), None), count: 1 },
        ],
    }
}

/// What a check found.
#[track_caller]
pub(super) fn assert_found(outcome: Option<Finding>, code: &str, level: Level) -> Finding {
    let finding = outcome.unwrap_or_else(|| panic!("{code} was not found"));
    assert_eq!((finding.code, finding.level), (code, level), "{finding:?}");
    finding
}
