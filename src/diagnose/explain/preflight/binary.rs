//! The binary path and the new binary.

use crate::diagnose::explain::Text;

pub(in crate::diagnose::explain) const TEXTS: &[Text] = &[
    Text {
        code: "preflight/binary-path-relative",
        means: "The master was started by a name that is not an absolute path, and from its working directory that name \
                does not lead to the file that it runs. The run is refused.",
        why: "A shell has found nginx in `PATH`, but nginx executes its own argv[0] on USR2, without such a search. The \
              finding names the path that it would execute.",
        todo: "Where nothing lies at that path, a symlink to the running binary is enough, without a restart; where the \
               working directory was deleted, only a start by the absolute path helps.",
    },
    Text {
        code: "preflight/binary-path-missing",
        means: "There is no file at argv[0]. The run is refused.",
        why: "Neither a restart nor the way back could start the binary that runs.",
        todo: "Put the running binary back: `cp /proc/PID/exe PATH`.",
    },
    Text {
        code: "preflight/binary-path-dangling",
        means: "argv[0] leads through a symlink that names nothing; the finding says which, and what it names. The run is \
                refused.",
        why: "Neither a restart nor the way back could start the binary that runs. A symlink by itself is no obstacle: \
              the last one on the way is exchanged for one that names the new file.",
        todo: "Put the running binary back at the end of the way, or point the symlink at it.",
    },
    Text {
        code: "preflight/binary-path-loop",
        means: "argv[0] leads through symlinks that name each other, or through more than 40. The run is refused.",
        why: "The kernel gives up there too: nothing could be executed.",
        todo: "Make them end at the running binary.",
    },
    Text {
        code: "preflight/binary-path-unusable",
        means: "argv[0] leads to a directory or a device, or may not be looked at. The run is refused.",
        why: "Nothing there can be executed, or be compared with what runs.",
        todo: "Make it lead to the running binary.",
    },
    Text {
        code: "preflight/binary-path-differs",
        means: "argv[0] leads to another file than the one that the master runs: somebody, mostly a package \
                manager, has put it there. The run is refused.",
        why: "The way back would start that one.",
        todo: "To take that file, write `adopt-binary` (`plans/package-managed.toml`). To keep the running one, put it back: \
               copy `/proc/PID/exe` beside it, then rename. Where the file at the path has the digest that \
               `replace-binary` names, it is adopted.",
    },
    Text {
        code: "preflight/binary-path-adopted",
        means: "The path holds another file than the one that the master runs, and the plan takes it as it is: its version \
                and its digest are named. A copy of what the master runs is kept beside the path.",
        why: "A restart or a reboot starts that file, before the commit too, and a way back leaves it there.",
        todo: "Nothing.",
    },
    Text {
        code: "preflight/path-not-read",
        means: "The file at the path, which is to be adopted, cannot be read, or was changed while it was read. The run is \
                refused.",
        why: "It is what new would run, and it is proven before anything live is touched.",
        todo: "Wait until the package manager is done, and run again.",
    },
    Text {
        code: "preflight/path-not-executable",
        means: "The file at the path, which is to be adopted, has no execute bit. The run is refused.",
        why: "USR2 and the next start would both fail.",
        todo: "`chmod +x` it, or install the package again.",
    },
    Text {
        code: "preflight/old-not-kept",
        means: "What the master runs could not be copied beside the path. The run is refused.",
        why: "No path names it any more, so nothing else could start it once the old master is gone.",
        todo: "Make room beside the path, and run as root or as the master's user.",
    },
    Text {
        code: "preflight/target-differs",
        means: "The plan's `target` is not what the master executes. The run is refused.",
        why: "A file elsewhere would not be started.",
        todo: "Leave `target` out.",
    },
    Text {
        code: "preflight/exchange-unsupported",
        means: "The file system of the binary, or of the last symlink that leads to it, can neither exchange two names \
                in one step (`renameat2` with `RENAME_EXCHANGE`) nor give a file a second name. The run is refused.",
        why: "The path could name nothing for a moment.",
        todo: "Keep the name on ext4, xfs, btrfs or tmpfs.",
    },
    Text {
        code: "preflight/exchange-by-renames",
        means: "The file system of the binary, or of the last symlink that leads to it, cannot exchange two names in one \
                step (`renameat2` with `RENAME_EXCHANGE`), or a preview does not know whether it can. A run gives what is at \
                the path a second name, and then renames twice.",
        why: "The path names the old file or the new one at every instant, and each has a name; but a file that somebody \
              else puts there between the last look and the rename would be lost.",
        todo: "Keep the name on ext4, xfs, btrfs or tmpfs, or see that no package manager works on nginx meanwhile.",
    },
    Text {
        code: "preflight/state-in-memory",
        means: "The directory in which runs are kept is on a tmpfs.",
        why: "Its journals are gone after a restart of the host. The path leads to a file of the run for milliseconds only, but \
              then nobody would put it right.",
        todo: "Keep it on a disk, or name another one with `--state-dir`.",
    },
    Text {
        code: "preflight/noexec-mount",
        means: "The directory in which the new file would lie is mounted `noexec`: that of the binary, or that of the \
                last symlink that leads to it. The run is refused.",
        why: "Nothing there can be started.",
        todo: "Mount it without `noexec`, or keep the binary elsewhere.",
    },
    Text {
        code: "preflight/disk-full",
        means: "The new file does not fit beside the old one. The run is refused.",
        why: "Both lie there until the commit.",
        todo: "Make room.",
    },
    Text {
        code: "preflight/running-binary-does-not-run",
        means: "What the master runs cannot be started any more: `-V` fails. The run is refused.",
        why: "Until the commit a restart or a reboot would start it; where the path holds another file, a way back would have \
              nothing to start.",
        todo: "Make it executable again, with its libraries.",
    },
    Text {
        code: "preflight/source-not-staged",
        means: "The source could not be read, or not be copied beside the running file; the finding says \
                which. The run is refused.",
        why: "Only a complete copy can be proven and executed.",
        todo: "Look at the finding. A source that is a symlink is refused: name the file itself.",
    },
    Text {
        code: "preflight/sha256-differs",
        means: "The source, or the file at the path that is to be adopted, has another SHA-256 than the plan says. The run is \
                refused.",
        why: "It is not the file that somebody checked; it was not executed.",
        todo: "Find out which of the two is right, and correct the file or the digest.",
    },
    Text {
        code: "preflight/source-not-executable",
        means: "The source has no execute bit. The run is refused.",
        why: "It may not be meant to be executed, and could not be.",
        todo: "`chmod +x` it, if it is meant to be.",
    },
    Text {
        code: "preflight/build-does-not-run",
        means: "The file cannot be started, or `-V` fails: a garbage file, another machine's build, a \
                missing library. The run is refused.",
        why: "nginx would start it with as little environment as was given here.",
        todo: "Start it by hand with `env -i FILE -V`. Libraries must be found without `LD_LIBRARY_PATH`.",
    },
    Text {
        code: "preflight/version-differs",
        means: "What follows the slash in `-v` is not exactly the plan's `version`. The run is refused.",
        why: "It is another build than the plan is about.",
        todo: "Correct the `source` or the `version`.",
    },
    Text {
        code: "preflight/option-unknown",
        means: "The master was started with an option that the new build does not have (`-e` came with \
                1.19.5). The run is refused.",
        why: "The new binary would exit at once.",
        todo: "Restart nginx once without the option, or offer a later version.",
    },
    Text {
        code: "preflight/user-differs",
        means: "The configuration sets no `user`, and the two builds have different defaults (`--user`). A \
                warning: the run goes on.",
        why: "The new workers may not be able to read what the old ones could.",
        todo: "Set `user` in the configuration.",
    },
];
