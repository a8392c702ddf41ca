//! What good plans mean: the plans that users copy, inputs, defaults, and one language in three readers.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop where its plan is wrong")]

use std::{fs, path::Path, time::Duration};

use changeover::plan::{
    self, Action, Inputs, Loaded, OnFailure, Origin, PlanPath, Values, schema, steps::IfSame,
};

const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn sets(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn standard_sets() -> Vec<(String, String)> {
    sets(&[("version", "1.26.3"), ("source", "/srv/nginx/1.26.3/nginx"), ("sha256", DIGEST)])
}

fn load(text: &str, given: &[(&str, &str)]) -> Loaded {
    match plan::load("a.toml", text.as_bytes(), &sets(given), Inputs::Given) {
        Ok(loaded) => loaded,
        Err(problems) => panic!("{}", problems.render(plan::Style { width: 100, colour: false })),
    }
}

/// A plan with one step between the head and the end; `more` stands before the steps.
fn with(more: &str, step: &str) -> String {
    format!(
        "format = 1\nname = \"a\"\n{more}\n[service]\nkind = \"nginx\"\npid-file = \"/run/nginx.pid\"\n\
         [probe.health]\nurl = \"http://127.0.0.1/\"\n[[step]]\n{step}\n[[step]]\naction = \"commit\"\n"
    )
}

#[test]
fn the_plans_that_users_copy_are_well_formed_with_and_without_values() {
    let plans = [
        ("nginx", 7),
        ("probe-before-winch", 7),
        ("soak-and-watch", 8),
        ("drill", 7),
        ("source-build", 7),
        ("openresty", 7),
    ];
    for (name, steps) in plans {
        let text = file(&format!("plans/{name}.toml"));
        let given = plan::load(name, text.as_bytes(), &standard_sets(), Inputs::Given);
        assert_eq!(given.map(|loaded| loaded.plan.steps.len()).ok(), Some(steps), "{name}");
        let open = plan::load(name, text.as_bytes(), &[], Inputs::Open).map(|loaded| loaded.unset);
        assert_eq!(
            open.ok(),
            Some(vec!["version".to_owned(), "source".to_owned(), "sha256".to_owned()]),
            "{name}"
        );
    }
}

#[test]
fn the_plan_for_packages_adopts_and_needs_a_version_only() {
    let text = file("plans/package-managed.toml");
    let open = plan::load("a", text.as_bytes(), &[], Inputs::Open).unwrap();
    assert_eq!(open.unset, ["version"]);
    let given = load(&text, &[("version", "1.26.3")]);
    let Some(Action::AdoptBinary(step)) = given.plan.steps.first().map(|step| &step.action) else {
        panic!("{:?}", given.plan.steps)
    };
    let adopted = (step.version.as_deref(), step.sha256, step.if_same);
    assert_eq!(adopted, (Some("1.26.3"), None, IfSame::Done));
}

#[test]
fn adopt_binary_takes_the_three_keys_and_needs_none() {
    let all = format!("action = \"adopt-binary\"\nversion = \"1\"\nsha256 = \"{DIGEST}\"\nif-same = \"run\"");
    let adopted = |step: &str| match &load(&with("", step), &[]).plan.steps.first().unwrap().action {
        Action::AdoptBinary(step) => step.clone(),
        action => panic!("{action:?}"),
    };
    let step = adopted(&all);
    assert_eq!((step.version.as_deref(), step.if_same), (Some("1"), IfSame::Run));
    assert_eq!(step.sha256.map(|sha256| sha256.to_string()).as_deref(), Some(DIGEST));
    let bare = adopted("action = \"adopt-binary\"");
    assert_eq!((bare.version, bare.sha256, bare.if_same), (None, None, IfSame::Done));
}

#[test]
fn the_standard_plan_has_the_order_of_nginx_own_manual() {
    let loaded =
        plan::load("a", file("plans/nginx.toml").as_bytes(), &standard_sets(), Inputs::Given).unwrap();
    let kinds: Vec<_> = loaded.plan.steps.iter().map(|step| step.action.kind()).collect();
    let (signal, wait) = ("signal", "wait-for-workers");
    assert_eq!(kinds, ["replace-binary", signal, wait, signal, wait, "http-probe", "commit"]);
    assert_eq!(loaded.plan.name, "nginx 1.26.3");
    let origins: Vec<_> = loaded.inputs.iter().map(|input| input.origin).collect();
    assert_eq!(origins, [Origin::Set, Origin::Set, Origin::Set, Origin::Default, Origin::Default]);
}

#[test]
fn what_an_earlier_run_had_wins_over_the_environment_and_not_over_what_is_given() {
    let more = "[inputs.n]\ntype = \"integer\"\nfrom-env = \"N\"\ndefault = 1\n";
    let text = with(more, "name = \"n ${n}\"\naction = \"signal\"\nsignal = \"USR1\"\nto = \"old-master\"");
    let environment = |name: &str| (name == "N").then(|| "2".into());
    let (recorded, sets) = ([("n".into(), "3".into())], [("n".into(), "4".into())]);
    let value = |recorded: &[_], sets: &[_]| {
        let values = Values { recorded, sets, file: None, environment: &environment };
        let loaded = plan::load("a", text.as_bytes(), values, Inputs::Given).unwrap();
        (loaded.inputs[0].value.clone(), loaded.inputs[0].origin)
    };
    assert_eq!(value(&[], &[]), ("2".into(), Origin::FromEnv));
    assert_eq!(value(&recorded, &[]), ("3".into(), Origin::Recorded));
    assert_eq!(value(&recorded, &sets), ("4".into(), Origin::Set));
}

#[test]
fn an_input_keeps_its_type_where_it_stands_alone_and_is_text_where_it_does_not() {
    let more = "[inputs.n]\ntype = \"integer\"\n[inputs.time]\ntype = \"duration\"\ndefault = \"5s\"\n";
    let step = "name = \"for ${n} $${n} $5 workers\"\naction = \"wait-for-workers\"\ngeneration = \"new\"\n\
                until = \"accepting\"\ncount = \"${n}\"\ntimeout = \"${time}\"";
    let loaded = load(&with(more, step), &[("n", "3")]);
    let step = loaded.plan.steps.first().unwrap();
    let Action::WaitForWorkers(wait) = &step.action else { panic!("{step:?}") };
    assert_eq!(wait.count, Some(3));
    assert_eq!(step.common.name.as_deref(), Some("for 3 ${n} $5 workers"));
    assert_eq!(step.timeout(&loaded.plan.defaults), Some(Duration::from_secs(5)));
}

#[test]
fn a_step_has_the_defaults_of_its_plan_unless_it_ends_by_itself() {
    let more = "[defaults]\ntimeout = \"7s\"\n";
    let loaded = load(&with(more, "action = \"http-probe\"\nprobe = \"health\"\non-failure = \"stop\""), &[]);
    let timeouts: Vec<_> = loaded.plan.steps.iter().map(|step| step.timeout(&loaded.plan.defaults)).collect();
    assert_eq!(timeouts, [Some(Duration::from_secs(7)), None]);
    assert_eq!(loaded.plan.steps.first().map(|step| step.common.on_failure), Some(OnFailure::Stop));
}

#[test]
fn a_resolved_plan_written_out_reads_back_as_the_same_plan() {
    let loaded =
        plan::load("a", file("plans/soak-and-watch.toml").as_bytes(), &standard_sets(), Inputs::Given);
    let plan = loaded.unwrap().plan;
    let written = serde_json::to_value(&plan).unwrap();
    assert_eq!(serde_json::from_value::<plan::Plan>(written).unwrap(), plan);
}

#[test]
fn what_is_found_later_can_underline_the_plan() {
    let loaded = load(&with("", "action = \"http-probe\"\nprobe = \"health\""), &[]);
    let document = &loaded.document;
    let probe = PlanPath::step(0).key("probe");
    assert_eq!(document.span_of(&probe).map(|span| document.slice(span)), Some("\"health\""));
    assert_eq!(document.key_span_of(&probe).map(|span| document.slice(span)), Some("probe"));
    let unsaid = PlanPath::step(0).key("interval");
    assert_eq!(document.span_of(&unsaid), None);
    assert_eq!(document.slice(document.nearest_span(&unsaid)), "[[step]]");
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_are_read() {
    let text =
        format!("\u{feff}{}", with("", "action = \"http-probe\"\nprobe = \"health\"").replace('\n', "\r\n"));
    assert_eq!(load(&text, &[]).plan.steps.len(), 2);
}

#[test]
fn a_plan_can_say_everything_at_once() {
    let loaded = load(&file("tests/fixtures/plans/good/complete.toml"), &[]);
    let kinds: Vec<_> = loaded.plan.steps.iter().map(|step| step.action.kind()).collect();
    assert_eq!(kinds.iter().filter(|kind| Action::KINDS.contains(kind)).count(), kinds.len());
}

#[test]
fn the_published_schemas_are_current() {
    for (name, text) in [("plan", schema::text()), ("event", changeover::engine::schema::text())] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{name}.schema.json"));
        let now = format!("{text}\n");
        #[expect(clippy::disallowed_methods, reason = "a test asks whether to write the file anew")]
        if std::env::var_os("CHANGEOVER_BLESS").is_some() {
            fs::write(&path, &now).unwrap();
        }
        assert!(fs::read_to_string(&path).is_ok_and(|text| text == now), "run again with CHANGEOVER_BLESS=1");
    }
}
