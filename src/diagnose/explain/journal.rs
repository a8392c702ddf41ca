//! `journal/…`: what a run writes about itself.

use super::Text;

pub(super) const TEXTS: &[Text] = &[
    Text {
        code: "journal/directory-not-made",
        means: "The directory of the run, or the plan's copy in it, could not be made.",
        why: "A run that leaves no trace cannot be explained afterwards, so it does not begin.",
        todo: "Make `--state-dir` writable; by default it is /var/lib/changeover.",
    },
    Text {
        code: "journal/not-written",
        means: "The journal could not be written, or not be made durable.",
        why: "What is not recorded nobody else can go on with. Before the first move the run is refused; after it the run \
              goes no further forward, and goes back from memory.",
        todo: "Look at the disk of the state directory: full, read-only, failing (`journalctl -k`).",
    },
    Text {
        code: "journal/unreadable",
        means: "The journal of a run cannot be opened or read.",
        why: "Without it nobody knows what the run has done, so nothing is done.",
        todo: "Run as the user of the run; `changeover status` shows what lives now.",
    },
    Text {
        code: "journal/untrusted",
        means: "The journal is a symlink, another user's, or a file that others may write.",
        why: "It says whom to signal and which file to put at the binary path: somebody else could have written it.",
        todo: "Find out who changed it. `changeover status` shows what lives now; what a run does by hand is in \
               docs/way-back.md.",
    },
    Text {
        code: "journal/damaged",
        means: "A line of the journal is not what was written, is missing, or cannot follow the one before.",
        why: "Only a torn last line comes of a crash. Anything else was edited, or the disk fails, so nothing is done.",
        todo: "Keep the file. `changeover status` shows what lives now; what a run does by hand is in docs/way-back.md.",
    },
    Text {
        code: "journal/newer-format",
        means: "A newer changeover wrote the journal.",
        why: "This one does not know what it says.",
        todo: "Recover with the version that ran, or a newer one.",
    },
    Text {
        code: "journal/plan-changed",
        means: "The plan's text beside the journal is missing, or not the one that the run began with.",
        why: "How long to wait, and what to probe, is in it.",
        todo: "Put `plan.toml` back as it was. `changeover status` shows what lives now.",
    },
    Text {
        code: "journal/another-world",
        means: "The run was made on another machine, or in another namespace of pids.",
        why: "Process numbers mean something else here: somebody else would be signalled.",
        todo: "Run `recover` where the run was made, with its own state directory.",
    },
];
