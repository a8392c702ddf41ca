# One guard a line, for run.sh: its name, its file, what perl does to it, which tests, and what must fail among them.

for number in 0 1 2 3 4 5 6 7 8 9 10 11 12; do
    unit "rule $number" src/protocol/way_back/mod.rs "s/    \\(\"$number\", [^\\n]*\\n//" protocol::way_back
done
unit 'refused is not told' src/protocol/definitions.rs 's/past\.sent && past\.to/past.to/' protocol::tests
unit 'refused takes no time' src/protocol/way_back/history.rs 's/past\.sent && past\.what == \*what/past.what == *what/' way_back::tests
unit 'identity check' src/host/pidfd.rs 's/        Process::again\(id\)[^\n]*\n//' host::pidfd
unit 'refused cures nothing' src/protocol/definitions.rs 's/\(past\.sent && past\.what == Move::StubExec\)/(past.what == Move::StubExec)/' protocol::
unit 'begun cures nothing' src/protocol/moves.rs 's/(Signal::Winch\)\n            \}\n            )_ => false/$1_ => matches!(self, Self::StubExec)/' protocol::nginx
unit 'begun counts' src/protocol/moves.rs 's/matches!\(signal, Signal::Hup \| Signal::Usr2 \| Signal::Winch\)/false/' protocol::nginx
unit 'foreign: no stub exec' src/protocol/way_back/restore.rs 's/(fn stub_possible[^\n]*\n    )situation\.path == PathHolds::Found/$1true/' protocol::nginx::ways_back
unit 'foreign: not exchanged' src/protocol/way_back/mod.rs 's/situation\.path\.is_ours\(\)\.then/(situation.path != crate::protocol::PathHolds::Found).then/' protocol::nginx::ways_back
unit 'forward only if recorded' src/verify/crash.rs 's/instant\.is_some_and\(Instant::is_recorded\) && new/new/' verify::crash
unit 'path after a reboot' src/verify/crash.rs 's/\(in_the_window \|\| state\.run\.leads_to_found\(\)\)/true/' verify::crash
unit 'flushed is remembered' src/protocol/nginx/sight.rs 's/flushed: to\(Generation::Old\)[^\n]*/flushed: true,/' verify::explore
unit 'path guard' src/engine/expect.rs 's/if situation\.path != self\.path/if false/' engine::expect
real 'quiet barrier' src/run/steps/signal.rs 's/Master::Settled => Looked::Ready\(\(state/_ => Looked::Ready((state/' races::the_runner_17
real 'crash loop' src/engine/expect.rs 's/new\.stability\.crash_loop\(expected\)/false/' guards::workers_of_new_that_are_killed_again
real 'not reached' src/probe/choose.rs 's/Err\(Outcome::NotReached \{[^}]*\}\)/self.unattributed("nobody", opened).await/' probes::a_generation_that_does_not_accept

model 'latches' host.rs 's/&& !self\.reconfigures\(who\) \{/&& !self.reconfigures(who) \&\& false {/'
model 'reaps before WINCH' host.rs 's/(master\.flag\(told\);\n        )self\.wakes\(who, reaps\);/$1self.wakes(who, false);\n        self.wakes(who, reaps);/'
model 'waits while stopped' host.rs 's/            master\.pending = master\.pending\.with\(signal\);\n            return;/            master.stopped = false;/' what_is_at_the_path
model 'a child while stopped' host.rs 's/            master\.pending_child \|= reaps;\n//'
model 'a child that is stopped' host.rs 's/        if let Some\(parent\) = self\.master\(who\)\.and_then\([^\n]*\n[^\n]*\n        \}\n//'
model 'nothing was told' host.rs 's/\.filter\(._. reaps \|\| !told\.is_empty\(\)\)//'
model 'poison' host.rs 's/NewBinary::Poisoned;/NewBinary::None;/'
model 'HUP with a new binary' host.rs 's/if master\.new_binary != NewBinary::None \{/if false {/'
model 'HUP takes WINCH back' host.rs 's/            master\.no_accepting = false;\n//'
model 'live' host.rs 's/if master\.leaves\(\) && !master\.live/if false/'
model 'restart' host.rs 's/master\.restart \|= /let _ = /'
model 'USR2 below a parent' master.rs 's/self\.parent\.is_some\(\) \|\| //'
model 'USR2 beside a child' master.rs 's/matches!\(self\.new_binary, NewBinary::Lives\(_\) \| NewBinary::Fails\)/false/' every_two
model 'daemon off' master.rs 's/self\.daemonized && !busy/!busy/'
model 'pid file at the end' files.rs 's/NewBinary::None => self\.pid_file = None,/NewBinary::None => {}/' every_two
model 'oldbin goes back' host.rs 's/            self\.pid_file = Some\(named\);\n        \}\n        if let/        }\n        if let/'
model 'TERM before 1.19.1' files.rs 's/master\.binary\.unlinking == Unlinking::AtTerm \|\| //' every_two
model 'TERM before QUIT' host.rs 's/        if master\.flags\.contains\(Signal::Term\) \{/        if false {/' every_two
model 'dropped unix listen' files.rs 's/(whoever else listens there \(nginx-facts 11\)\.\n)                self\.unix_path = false;\n/$1/' a_unix_listen
model 'unix listen of a reload' files.rs 's/                self\.unix_path = true;\n//' a_unix_listen
model 'unix path is taken' files.rs 's/ if self\.unix_path => None,/ if false => None,/' a_unix_listen
model 'unix socket of its own' files.rs 's/master\.unix == UnixSocket::Inherited && //' a_unix_listen
model 'unix socket of nobody' files.rs 's/if listens && last/if last/' a_unix_listen
model 'unix socket is given' host.rs 's/UnixSocket::Own \| UnixSocket::Inherited => UnixSocket::Inherited/UnixSocket::Own | UnixSocket::Inherited => UnixSocket::None/' a_unix_listen
model 'strays' host.rs 's/\*strays = strays\.saturating_add\(master\.accepting\);//'

unit 'queue of new' src/run/live/asker.rs 's/ \|\| \(queued && !self\.old_accepts\.get\(\)\)//' asker::tests
unit 'dying new' src/engine/expect.rs 's/\.filter\(.[^)]*Master::Busy\)//' engine::expect
real 'only copy' src/run/ending.rs 's/needless && self\.given\.new_file != NewFile::Adopted/needless/' adopt::where_everybody
real 'killed behind the back' src/run/ending.rs 's/&& !situation\.old\.master\.lives\(\)/\&\& false/' at_the_end
real 'killed behind the commit' src/run/ending.rs 's/if let Err\(fault\) = (self\.expect[^;]*?\)) \{/if let (Err(fault), true) = ($1, false) {/' at_the_end
real 'settled by renames' src/run/live/binary/mod.rs 's/(binary\.directory\.)settle\(name\)\?;/let _ = name;/' by_renames::a_run_killed
unit 'aside is what was found' src/host/by_renames.rs 's/if self\.file_id\(&aside\)\? != first_is/if false/' by_renames

# The simulated host: what is recorded, in which order, and what whoever goes on makes of it.
sim 'syncs' src/journal/writer.rs 's/if entry\.durable\(\) \{ medium\.sync\(\) \} else \{ Ok\(\(\)\) \}/Ok(())/'
sim 'path before QUIT' src/run/steps/commit.rs 's/(            if self\.look\(\)\.path != PathHolds::Ours \{\n)[^\n]*\n/$1/'
sim 'record before the path' src/run/steps/commit.rs 's/        self\.record\(Event::CommitRecorded\)\?;\n//'
sim 'QUIT once told is kept to' src/run/left.rs 's/\(Committed::OldIsTold, _\) => Some\(Goes::Forward\)/(Committed::OldIsTold, _) => Some(Goes::Back)/'
sim 'new is looked at' src/run/left.rs 's/\(Committed::Recorded, Phase::Committed\) => None/(Committed::Recorded, Phase::Committed) => Some(Goes::Forward)/'
sim 'accepts, then forward' src/run/left.rs 's/if accepts\(&situation\) \{/if true {/'
sim 'a record is not all' src/run/left.rs 's/goes\(replay\.phase, replay\.committed\)\.unwrap_or\(Goes::Forward\)/if replay.committed == Committed::No { Goes::Back } else { Goes::Forward }/'
sim 'without a witness' src/journal/replay.rs 's/self\.sent \|\| \(self\.unknown/true || (self.unknown/'
sim 'witness of a master' src/journal/replay.rs 's/                    self\.masters\.extend\([^\n]*\n/                    drop(of.zip(started));\n/'
sim 'quiet point' src/protocol/way_back/mod.rs 's/    \("0", old_settles\),\n//'
sim 'path first' src/protocol/way_back/mod.rs 's/    \("1", found_is_at_the_path\),\n//'
sim 'cover before new leaves' src/protocol/way_back/mod.rs 's/    \("3", cover::somebody_of_old_accepts\),\n//'
sim 'strays leave' src/protocol/way_back/mod.rs 's/    \("11", restore::strays_leave\),\n//'
sim 'torn end' src/journal/reader.rs 's/let \(lines, torn\) = bytes\.split_at\(whole\);/let (lines, torn) = bytes.split_at(bytes.len().max(whole));/'
sim 'untouched is refused' src/run/ending.rs 's/\(interrupted \|\| unwritten\) && !self\.touched/interrupted || unwritten/'

# Masters and what they leave.
unit 'died in a look' src/observe/observer/mod.rs 's/if state\.master == Master::Leaving &&/if false \&\&/' observe::tests::a_master_that_dies
unit 'resumed: who leaves' src/observe/tree.rs 's/!listening\.streams && //' observe::tests::resumed
unit 'resumed: whose child' src/observe/observer/resume.rs 's/new\.is_some_and\([^;]*\)\n/self.old.id != self.instance.old\n/' observe::tests::resumed
unit 'child of a back-master' src/observe/observer/mod.rs 's/        self\.reversed &= [^\n]*\n//' observe::tests
unit 'a second look' src/observe/tree.rs 's/opened\.activity\(\)\)/Some(master.activity))/' observe::tree
unit 'orphans' src/observe/tree.rs 's/        self\.orphans\.extend[^\n]*\n//' observe::tree
unit 'stack of the dying' src/observe/tree.rs 's/if master\.start_stack != 0/if true/' observe::tree
unit 'only its file' src/observe/strays.rs 's/let only_its = [^;]*;/let only_its = false;/' observe::strays
real 'a new nobody noted' src/observe/observer/resume.rs 's/if self\.new\.is_none\(\) && ours\.is_some\(\)/if false/' recover::a_new_that_nobody
unit 'descent' src/observe/strays.rs 's/let forked = [^;]*;/let forked = false;/' observe::strays
real 'known at once' src/run/live/window.rs 's/            self\.observer\.executed\(by, child\);\n//' way_back::what_a_new_leaves
real 'new runs its file' src/engine/expect.rs 's/self\.new_runs\.is_none_or\([^)]*\)\)/true/' races::a_second_upgrade_by_hand_as
real 'no second master' src/engine/expect.rs 's/self\.new_started && //' adopt::a_master_of_the_adopted
real 'poison of a fork' src/observe/observer/mod.rs 's/self\.old\.id, self\.new\.is_some\(\)/self.old.id, true/' limits::a_fork_that_fails
real 'descriptors' src/host/exits.rs 's/\.take\(descriptors::limit\(\) \/ 2\)//' limits::a_run_with_fewer
real 'draining strays' src/run/ending.rs 's/!strays\.is_disjoint\(&situation\.strays\.titled\)/!strays.is_empty()/' limits::workers_that_only

# The way forward.
real 'budget in probes' src/run/steps/http_probe.rs 's/            self\.check_budget\(now\)\?;\n//' watches::a_budget_holds
real 'budget of steps' src/run/driver.rs 's/_ if in_time\.is_err\(\)/_ if false \&\& in_time.is_err()/' watches::a_step_that_is_due
real 'deadline of a probe' src/run/live/mod.rs 's/                \(\) = &mut late => First::Changed,\n//' watches::a_probe_that_may
real 'whole answers' src/probe/prober.rs 's/(got\.body\.extend_from_slice[^;]*;)/$1 if got.cut { break; }/' probes::an_answer_that_is_never
real 'drained again' src/run/strangers.rs 's/!self\.strangers\.drained_again &&/false \&\&/' guards::old_workers_that_a_stranger_brings_back_after
unit 'drained again once' src/run/strangers.rs 's/!self\.strangers\.drained_again &&/true \&\&/' run::simulated::cases::old_workers
real 'doubled is told' src/run/strangers.rs 's/let before_winch = /let before_winch = false \&\& /' guards::old_workers_that_a_stranger_doubles
real 'late cause' src/run/ending.rs 's/            self\.explain_an_exit\(report\);\n//' guards::how_a_new_master
real 'own signals' src/run/live/mod.rs 's/        lines\.retain\([^\n]*\n//' guards::who_sent

# The commit and after it.
real 'old after the record' src/run/steps/commit.rs 's/        self\.expect\.old_lives = false;\n//' committed::an_old
real 'gone is told' src/run/steps/commit.rs 's/if code == GONE/if false/' committed::an_old
real 'oldbin of a killed old' src/run/steps/commit.rs 's/if situation\.oldbin \{/if false {/' committed::an_old
real 'pid file of new' src/run/steps/commit.rs 's/if situation\.new\.master\.lives\(\) &&/if false \&\&/' committed::a_pid_file
real 'a stop puts back' src/run/ending.rs 's/            self\.path_is_back\(&situation\)\.await;\n//' committed::a_stop

# The way back.
real 'stuck thinks twice' src/run/back.rs 's/_ if thought_again < THINK_AGAIN/_ if false \&\& thought_again < THINK_AGAIN/' reverse::a_service_managers
real 'asked again puts back' src/run/back.rs 's/        if situation\.path\.is_ours\(\) \{/        if false \&\& situation.path.is_ours() {/' second_signal::asked_again_while_the_path
real 'stuck leaves nothing' src/run/ending.rs 's/!self\.expect\.new_started \|\| nobody/nobody/' verdicts::an_old_master_that_leaves_before
real 'stuck and nobody' src/run/ending.rs 's/ \|\| nobody_lives\(&situation\)//' verdicts::where_everybody
real 'slow way back' src/run/back.rs 's/        self\.tell_slow\(patience, now\);\n//' slow::a_way_back
real 'slow baseline' src/run/live/opening.rs 's/(if let Some\(slow\) = patience\.slow\(None, recorder\.now\(\)\) \{)[^}]*\}/$1 drop(slow); }/' slow::old_that
real 'user of the test' src/run/live/questions.rs 's/            user: self\.user,\n//' limits::the_way_back_tests
real 'directory of the test' src/preflight/master.rs 's/\.filter\(.directory. directory\.is_dir\(\)\)//' limits::a_working_directory
real 'files before a guardian' src/run/live/opening.rs 's/(        \/\/ First of all: what[^\n]*\n        let mut files[^\n]*\n        files\.binary\.runs[^\n]*\n)(        let mut guardian[^\n]*\n)/$2$1/' limits::a_run_that_gets_no_guardian
real 'streams of old' src/run/live/prepared.rs 's/streams: ready\.streams/streams: false/' reverse::old_that_drains_is_known
unit 'half a directory' src/journal/run_directory.rs 's/                directory\.discard\(\);\n//' journal::run_directory
real 'owner of the pid file' src/run/live/files.rs 's/0o644, self\.owner\)/0o644, None)/' limits::a_pid_file_that_is_written

# A commit that is taken back.
real 'back: still runs' src/run/rollback.rs 's/if !running\.is_empty\(\) &&/if false \&\&/' not_taken_back::where_something
real 'back: still that file' src/run/rollback.rs 's/if hashed\.sha256 == self\.sha256/if !hashed.sha256.is_empty()/' not_taken_back::what_was_kept
real 'back: has committed' src/run/rollback.rs 's/if !replay\.has_committed\(\)/if false/' not_taken_back::a_run_that_did
unit 'back: has come to its end' src/journal/replay.rs 's/ \|\| self\.committed == Committed::OldIsTold//' run::rollback
unit 'back: without a digest' src/run/rollback.rs 's/let Some\(sha256\) = sha256 else/let Some(sha256) = sha256.or(Some(String::new())) else/' run::rollback
real 'back: has a journal' src/cli/rollback.rs 's/if !instance\.join\(run\)\.join\(journal::NAME\)\.exists\(\)/if false/' not_taken_back::a_run_that_did
unit 'back: in one second' src/run/rollback.rs 's/max_by_key\(.replay. replay\.began\)/max_by_key(|replay| replay.begun.run.clone())/' run::rollback
unit 'back: digest of the found' src/preflight/ready.rs 's/_ => facts\.found\.as_ref\(\)/_ => None/' preflight::real
unit 'back: inputs anew' src/plan/reversed.rs 's/anew\.get\(&input\.name\)\.unwrap_or\(&input\.value\)/input.value/' plan::reversed
unit 'back: unused inputs' src/plan/reversed.rs 's/        edits\.extend\(unused[^;]*;\n//' plan::reversed
real 'back: from a sick build' src/run/live/opening.rs 's/if self\.rollback\.is_some\(\)/if false/' rollback::a_build_that
real 'back: watches new' src/run/live/watches.rs 's/let answered_by = if [^;]*;/let answered_by = watch.answered_by;/' rollback::a_watch
real 'back: is offered' src/run/recipe.rs 's/\(new_file != NewFile::Same\)/true/' not_taken_back::a_run_that_did
mutant 'back: recorded values' src/plan/inputs/given.rs 's/from_env, recorded, in_file, sets\]/from_env, in_file, sets, recorded]/' --test plan_language what_an_earlier

# What is read, and what is said.
real 'setuid titles' src/preflight/gather/trial.rs 's/        \(!master\.raised\)[^\n]*\n//' init::what_the_title
real 'lock elsewhere' src/host/locks.rs 's/\.filter\(.path. may_change\(path\)\)//' users::a_users_own
real 'who serves refused' src/run/live/start.rs 's/&run, serving\(&pid_file\)/\&run, Serving::Old/' refusals::where_nobody
unit 'protocols of TLS' src/probe/tls_problem.rs 's/NoApplicationProtocol\) if http2 =>/NoApplicationProtocol) =>/' probe::tls_problem
unit 'bound of a message' src/report/message.rs 's/\.nth\(MOST\)/.nth(usize::MAX)/' report::message
unit 'decoded secrets' src/plan/secrets.rs 's/percent_decode_str\(value\)\.decode_utf8_lossy\(\)/std::borrow::Cow::from(value)/' plan::secrets
mutant 'host of a secret' src/plan/inputs/resolve.rs 's/is_some_and\(.host. host > 0\)/is_some()/' --test plan_problems each_mistake_is
mutant 'names for terminals' src/plan/render.rs 's/message: safe\(&self\.message\)/message: self.message.clone()/' --test plan_problems what_a_terminal
