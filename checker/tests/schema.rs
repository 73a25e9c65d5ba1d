//! The JSON report keeps to the schema that is published for it, and survives the way back in.
#![expect(clippy::disallowed_methods, reason = "tests read the published schema")]

use checker::fixture::MemoryTree;
use checker::report::{json, markdown, read, sarif, suggestion};
use checker::snapshot::Day;
use checker::{Options, rules};

fn report(fixture: &str) -> checker::report::Report {
    let options = Options { today: Day { year: 2026, month: 11, day: 24 }, trigger: None, config: None };
    checker::check(&MemoryTree::parse(fixture), &options).expect("no configuration").0
}

#[test]
fn every_example_gives_a_report_that_fits_the_schema() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/report.schema.json");
    let schema: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let mut count = 0;
    for example in rules::ALL.iter().flat_map(checker::rule::Rule::examples) {
        let document = json::document(&report(&example.fixture));
        let errors: Vec<String> = schema
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}\n{}", example.fixture, errors.join("\n"));
        count += 1;
    }
    assert!(count > 50, "only {count} examples were checked");
}

#[test]
fn a_report_read_back_says_the_same() {
    let first = report(
        "//- Dockerfile\nFROM alpine\nVOLUME /data\n//- railway.json\n{\"deploy\": {\"startCommand\": \"cd x\"}}\n",
    );
    let again = read::read(&json::render(&first)).unwrap();
    assert_eq!(again.headline, first.headline);
    assert_eq!(again.counts(), first.counts());
    let layout = markdown::Layout::default();
    let table = |text: &str| {
        text.lines().filter(|line| line.starts_with("| ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let rows = table(&markdown::render(&again, &layout));
    assert!(!rows.is_empty() && table(&markdown::render(&first, &layout)).starts_with(&rows));
}

#[test]
fn a_forged_report_is_refused() {
    let good = json::render(&report("//- Dockerfile\nFROM alpine\nVOLUME /data\n"));
    for (from, to) in [
        ("\"rule\": \"dockerfile-volume-instruction\"", "\"rule\": \"</details>\""),
        ("\"verdict\": \"will-fail\"", "\"verdict\": \"clear\""),
        ("\"schema_version\": \"1.1\"", "\"schema_version\": \"9.0\""),
        ("\"line\": 2", "\"line\": \"two\""),
    ] {
        assert!(good.contains(from), "{from}");
        assert!(read::read(&good.replace(from, to)).is_err(), "{to}");
    }
    assert!(read::read("[]").is_err());
    assert!(read::read("no json").is_err());
}

#[test]
fn hostile_text_stays_text_in_every_rendering() {
    let name = "</details>::error::@team `x` |\u{1b}[31m.Dockerfile";
    let mut tree = MemoryTree::default().with(
        "railway.json",
        format!("{{\"build\": {{\"dockerfilePath\": \"{}\"}}}}", name.replace('\u{1b}', "\\u001b")),
    );
    tree = tree.with(name, "FROM alpine\nVOLUME [\"/</summary>\\n::warning::@org\"]\n");
    let options = Options { today: Day { year: 2026, month: 11, day: 24 }, trigger: None, config: None };
    let report = checker::check(&tree, &options).unwrap().0;
    assert!(report.findings.iter().any(|each| each.finding.rule == "dockerfile-volume-instruction"));
    let log = sarif::render(&report, &sarif::Addresses::default());
    assert!(!log.contains("@team") && !log.contains("@org") && !log.contains("u001b"), "{log}");
    let text = checker::report::text::render(&report, false);
    assert!(!text.contains('\u{1b}'), "{text}");
    assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
    let comment = markdown::render(&report, &markdown::Layout::default());
    let outside_fences: String = comment.split("```").step_by(2).collect();
    let opened = outside_fences.matches("<details>").count();
    assert_eq!(opened, outside_fences.matches("</details>").count(), "{comment}");
    assert!(
        !outside_fences.contains("@team") && !outside_fences.contains("@org") && !comment.contains('\u{1b}'),
        "{comment}"
    );
    for annotation in checker::report::annotations::all(&report) {
        assert_eq!(annotation.command().matches('\n').count(), 1, "{}", annotation.command());
    }
}

#[test]
fn hostile_text_of_a_fix_stays_text_in_logs_and_suggestions() {
    let evil = "gunicorn ```</details> [a](https://evil.example) @team ::error::x <img src=x> --bind $PORT";
    let tree = MemoryTree::default()
        .with("Dockerfile", "FROM alpine\nCMD [\"true\"]\n")
        .with("railway.json", serde_json::json!({ "deploy": { "startCommand": evil } }).to_string() + "\n");
    let options = Options { today: Day { year: 2026, month: 11, day: 24 }, trigger: None, config: None };
    let report = checker::check(&tree, &options).unwrap().0;

    let review = suggestion::review(&report, &markdown::Layout::default());
    let comment = review.comments.iter().find(|each| each.path == "railway.json").unwrap();
    let (before, rest) = comment.body.split_once("````suggestion\n").unwrap();
    let (suggested, after) = rest.split_once("\n````\n").unwrap();
    assert!(suggested.contains("```</details> [a](https://evil.example) @team"), "{suggested}");
    for outside in [before, after] {
        for markup in ["```", "</details>", "](", "https://", "@team", "<img"] {
            assert!(!outside.contains(markup), "{markup} in {outside}");
        }
    }

    let log: serde_json::Value =
        serde_json::from_str(&sarif::render(&report, &sarif::Addresses::default())).unwrap();
    let texts: Vec<&str> = log["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["message"]["text"].as_str().unwrap())
        .collect();
    assert!(texts.iter().any(|text| text.contains("evil")), "the text is there: {texts:?}");
    for text in texts {
        assert!(
            !text.contains("@team") && !text.replace("\\[", "").replace("\\]", "").contains(['[', ']']),
            "{text}"
        );
    }
}

#[test]
fn a_comment_keeps_within_its_limit_and_says_what_it_left_out() {
    let volumes = "VOLUME /data\n".repeat(3000);
    let report = report(&format!("//- Dockerfile\nFROM alpine\n{volumes}"));
    for limit in [65_000, 10_000, 2_000] {
        let layout = markdown::Layout { limit, ..markdown::Layout::default() };
        let text = markdown::render(&report, &layout);
        assert!(text.len() <= limit, "{} > {limit}", text.len());
        assert!(text.starts_with(markdown::MARKER));
    }
    let layout = markdown::Layout { limit: 65_000, ..markdown::Layout::default() };
    assert!(markdown::render(&report, &layout).contains("more are in"));
}
