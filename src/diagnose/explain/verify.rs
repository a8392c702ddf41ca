//! `verify/…`: what makes a well-formed plan unsafe.

use super::Text;

pub(super) const TEXTS: &[Text] = &[
    Text {
        code: "verify/quit-outside-commit",
        means: "A `signal` step sends QUIT or TERM to the old master.",
        why: "That is the point of no return, at once: a master that was told to quit takes no HUP any more and does not \
              step in when new's master dies. Nothing could bring the old binary back.",
        todo: "Take the step out. `commit` sends QUIT itself, after new was seen accepting once more.",
    },
    Text {
        code: "verify/nobody-accepts",
        means: "A step, or the way back from it, can leave a moment in which nobody accepts connections.",
        why: "New's workers may start late, or not at all, and old's have been told to leave. The story says how.",
        todo: "Wait for new's workers to accept before anything is told to old.",
    },
    Text {
        code: "verify/no-way-back",
        means: "From some state before the commit the way back cannot end with old alone, as before, or a runner that was \
                killed and a host that rebooted would end with neither generation alone.",
        why: "The plan promises until its commit that a failure brings old back, and that recovery ends with one of them. The \
              story says where that is lost.",
        todo: "Take the step out that the story ends with, or change the order.",
    },
    Text {
        code: "verify/step-never-passes",
        means: "A step fails even where nothing goes wrong, so the run always goes back there.",
        why: "What it waits for is never so when it is due: a master that is not there yet, workers that were told to \
              leave, or another number of them than an earlier step has seen.",
        todo: "Look at the order of the steps, and at each `count`.",
    },
    Text {
        code: "verify/time-too-short",
        means: "A step needs longer than its `timeout`, or the steps need longer than `[defaults] budget`.",
        why: "Answers in a row have their intervals, a soak its length: the run would always go back there.",
        todo: "Give it more time, or ask for less.",
    },
    Text {
        code: "verify/not-proven",
        means: "The plan has more states than the verifier looks at.",
        why: "What was not looked at may be unsafe.",
        todo: "Make the plan shorter.",
    },
    Text {
        code: "verify/workers-double",
        means: "HUP goes to old before WINCH, while new lives. A warning: the plan is run all the same.",
        why: "Such a master starts its workers once more, from memory, and stops none (nginx-facts 3).",
        todo: "Take the step out, or put it behind WINCH to old.",
    },
    Text {
        code: "verify/drain-may-not-end",
        means: "A step waits until every worker of old has left. A warning: the plan is run all the same.",
        why: "A download or a tunnel can outlast any `timeout`, and then a good build is taken back.",
        todo: "Wait for `draining`; `commit` waits for the rest, and says what happens with those that are not done.",
    },
    Text {
        code: "verify/identical-binary",
        means: "The plan changes over to the file that old runs. A warning: the plan is run all the same.",
        why: "No step brings another file or takes the one at the path, or a file is its own `source`. Nothing is upgraded, \
              while the run looks as if something were.",
        todo: "Add `replace-binary` or `adopt-binary`. Where the same file is meant, accept the finding with its reason.",
    },
    Text {
        code: "verify/new-not-probed",
        means: "The plan commits without one answer of the new generation. A warning: the plan is run all the same.",
        why: "Workers that accept may answer with errors; only an answer shows that they work.",
        todo: "Put an `http-probe` behind WINCH to old.",
    },
    Text {
        code: "verify/soak-not-watched",
        means: "Nothing is asked during a soak. A warning: the plan is run all the same.",
        why: "Only the death of a master or of all workers would end it: a build that goes bad is not noticed.",
        todo: "Add a `[[watch]]`.",
    },
];
