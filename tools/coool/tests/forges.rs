//! What build servers and forges read: annotations, code quality, SARIF and `JUnit`.

mod support;

use expect_test::expect;
use support::{Desk, odf};

/// Two documents whose names and words try to be more than that.
fn hostile_desk() -> Desk {
    let words = "50 % &lt;b&gt;`x`&#9;::error::no";
    let desk = Desk::with("a,b: c\n\u{e9}/d.fodt", odf::text(&odf::paragraph("#Gone", words)));
    desk.put(
        "e.md",
        "A text.\n\n[words](#gone) and ![x](data:,%0A)\n\n[words](#gone)\n\n[\u{1b}c\tx](#e)\n",
    );
    desk
}

#[test]
fn annotations_are_commands_of_one_line_each() {
    let desk = hostile_desk();
    desk.put("f.odt", "PK\x03\x04 broken");

    let run = desk.coool(&["a,b: c\n\u{e9}", "./e.md", "f.odt", "--format", "github"]);

    assert_eq!(run.code, Some(2));
    expect![[r#"
        ::error file=f.odt,title=not read in full::it is damaged: invalid Zip archive: Could not find EOCD
        ::error file=a%2Cb%3A c%0Aé/d.fodt,title=broken link::#Gone "50 %25 <b>`x` ::error::no": no bookmark is called `Gone`
        ::error file=e.md,line=3,title=broken link::#gone "words" (line 3): no heading or place is called `gone`
        ::error file=e.md,line=5,title=broken link::#gone "words" (line 5): no heading or place is called `gone`
        ::error file=e.md,line=7,title=broken link::#e "\u{1b}c\tx" (line 7): no heading or place is called `e`
        3 documents, 5 links: 4 broken, 1 unchecked
    "#]].assert_eq(&run.stdout);
}

#[test]
fn a_report_of_code_quality_has_an_issue_for_each_finding() {
    let run = hostile_desk().coool(&["a,b: c\n\u{e9}", "./e.md", "--format", "gitlab"]);

    expect![[r##"
        [
          {
            "check_name": "broken-link",
            "description": "#Gone \"50 % <b>`x` ::error::no\": no bookmark is called `Gone`",
            "fingerprint": "b34d0e0606e1329d1852f9f067bf3b60",
            "location": {
              "lines": {
                "begin": 1
              },
              "path": "a,b: c\né/d.fodt"
            },
            "severity": "major"
          },
          {
            "check_name": "broken-link",
            "description": "#gone \"words\" (line 3): no heading or place is called `gone`",
            "fingerprint": "325c86482d859831e3e9f607f03461ae",
            "location": {
              "lines": {
                "begin": 3
              },
              "path": "e.md"
            },
            "severity": "major"
          },
          {
            "check_name": "broken-link",
            "description": "#gone \"words\" (line 5): no heading or place is called `gone`",
            "fingerprint": "297820bf8626d18de17cea1945665280",
            "location": {
              "lines": {
                "begin": 5
              },
              "path": "e.md"
            },
            "severity": "major"
          },
          {
            "check_name": "broken-link",
            "description": "#e \"\\u{1b}c\\tx\" (line 7): no heading or place is called `e`",
            "fingerprint": "4d03637838021a8847fc0d0536eec28a",
            "location": {
              "lines": {
                "begin": 7
              },
              "path": "e.md"
            },
            "severity": "major"
          }
        ]
    "##]]
    .assert_eq(&run.stdout);
    let issues: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let issues = issues.as_array().expect("a list");
    let prints: std::collections::BTreeSet<_> =
        issues.iter().map(|issue| issue["fingerprint"].as_str().expect("a text")).collect();
    assert_eq!(prints.len(), issues.len());
}

/// The same document with a page before what was there.
#[test]
fn a_fingerprint_stays_when_a_page_is_put_in_before_it() {
    let prints = |before: &str| {
        let body = format!("{before}{}{}", odf::paragraph("#A", "x"), odf::paragraph("#A", "x"));
        let run = Desk::with("a.fodt", odf::text(&body)).coool(&["a.fodt", "--format", "sarif"]);
        let log: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
        let results = log["runs"][0]["results"].as_array().expect("a list").iter();
        results.map(|result| result["partialFingerprints"].clone()).collect::<Vec<_>>()
    };
    let page =
        "<text:h text:outline-level=\"1\">New</text:h><text:p><text:soft-page-break/></text:p>";

    let found = prints("");
    assert_eq!(found, prints(page));
    assert_eq!(found.len(), 2);
    assert_ne!(found[0]["coool/v1"], found[1]["coool/v1"]);
    assert_eq!(found[0]["coool/v1"], found[0]["primaryLocationLineHash"]);
}

/// What the schema of SARIF 2.1.0 demands of the objects that coool writes.
#[test]
fn sarif_has_what_its_schema_demands() {
    let desk = hostile_desk();
    desk.put("f.odt", "PK\x03\x04 broken");
    desk.coool(&["e.md", "--baseline", "known.json", "--write-baseline"]);
    let arguments = ["a,b: c\n\u{e9}", "e.md", "f.odt", "--baseline", "known.json"];
    let run = desk.coool(&[&arguments[..], &["--format", "sarif"]].concat());
    let log: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");

    has(&log, &["$schema", "version", "runs"], &["version", "runs"]);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    has(run, &["tool", "invocations", "results"], &["tool"]);
    has(&run["tool"]["driver"], &["name", "version", "rules"], &["name"]);
    let rules: Vec<_> = list(&run["tool"]["driver"]["rules"]).iter().map(|it| &it["id"]).collect();
    for rule in list(&run["tool"]["driver"]["rules"]) {
        has(rule, &["id", "shortDescription", "defaultConfiguration"], &["id"]);
        has(&rule["shortDescription"], &["text"], &["text"]);
        has(&rule["defaultConfiguration"], &["level"], &[]);
    }
    let invocation = &run["invocations"][0];
    let names = ["executionSuccessful", "toolExecutionNotifications"];
    has(invocation, &names, &["executionSuccessful"]);
    assert_eq!(invocation["executionSuccessful"], false);
    let notifications = list(&invocation["toolExecutionNotifications"]);
    assert_eq!(notifications.len(), 1);
    for notification in notifications {
        has(notification, &["level", "message", "locations"], &["message"]);
        locations(notification);
    }
    let mut states = Vec::new();
    for result in list(&run["results"]) {
        let names =
            ["ruleId", "level", "message", "locations", "partialFingerprints", "baselineState"];
        has(result, &names, &["message"]);
        assert!(rules.contains(&&result["ruleId"]), "{result}");
        let level = result["level"].as_str().expect("a level");
        assert!(["none", "note", "warning", "error"].contains(&level), "{result}");
        let prints = result["partialFingerprints"].as_object().expect("an object");
        assert!(prints.values().all(serde_json::Value::is_string), "{result}");
        locations(result);
        states.push(result["baselineState"].as_str().expect("a state"));
    }
    assert_eq!(states, ["new", "unchanged", "unchanged", "unchanged"]);
}

/// The names that an object may have here, and those that it must have.
fn has(object: &serde_json::Value, may: &[&str], must: &[&str]) {
    let names: Vec<_> = object.as_object().expect("an object").keys().map(String::as_str).collect();
    assert!(names.iter().all(|name| may.contains(name)), "{names:?}");
    assert!(must.iter().all(|name| names.contains(name)), "{names:?}");
}

fn list(value: &serde_json::Value) -> &Vec<serde_json::Value> {
    value.as_array().expect("a list")
}

fn locations(of: &serde_json::Value) {
    has(&of["message"], &["text"], &["text"]);
    for location in list(&of["locations"]) {
        has(location, &["physicalLocation", "logicalLocations"], &["physicalLocation"]);
        let physical = &location["physicalLocation"];
        has(physical, &["artifactLocation", "region"], &["artifactLocation"]);
        let uri = physical["artifactLocation"]["uri"].as_str().expect("an address");
        let base = url::Url::parse("file:///repository/").expect("an address");
        let path = base.join(uri).expect("a reference").to_file_path().expect("a path");
        assert!(path.starts_with("/repository"), "{uri}");
        if let Some(region) = physical.get("region") {
            assert!(region["startLine"].as_u64().is_some_and(|line| line > 0), "{region}");
        }
        for place in location.get("logicalLocations").map(list).into_iter().flatten() {
            has(place, &["name", "fullyQualifiedName"], &[]);
        }
    }
}

/// A reader of XML gets back what the document says, but for what XML cannot hold.
#[test]
fn junit_keeps_to_the_schema_whatever_a_link_says() {
    let desk = hostile_desk();
    desk.put("f.odt", "PK\x03\x04 broken");
    let run = desk.coool(&["a,b: c\n\u{e9}", "e.md", "f.odt", "--format", "junit"]);
    let document = roxmltree::Document::parse(&run.stdout).expect("XML");

    let suites = document.root_element();
    assert!(suites.has_tag_name("testsuites"));
    let count = |node: roxmltree::Node, name: &str| -> usize {
        node.attribute(name).expect("a count").parse().expect("a number")
    };
    let mut sums = [0; 3];
    for suite in suites.children().filter(roxmltree::Node::is_element) {
        assert!(suite.has_tag_name("testsuite"));
        let cases: Vec<_> = suite.children().filter(|node| node.has_tag_name("testcase")).collect();
        let with = |name: &'static str| {
            cases.iter().filter(move |case| case.children().any(|it| it.has_tag_name(name)))
        };
        assert_eq!(count(suite, "tests"), cases.len());
        for (sum, (counted, element)) in sums.iter_mut().zip([
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ]) {
            assert_eq!(count(suite, counted), with(element).count(), "{counted}");
            *sum += count(suite, counted);
        }
        let names: std::collections::BTreeSet<_> =
            cases.iter().map(|case| case.attribute("name").expect("a name")).collect();
        assert_eq!(names.len(), cases.len());
    }
    assert_eq!([count(suites, "failures"), count(suites, "errors")], sums[..2]);
    assert_eq!(sums, [4, 1, 1]);
    let names: Vec<_> = document.descendants().filter_map(|node| node.attribute("name")).collect();
    assert!(names.contains(&"#Gone \"50 % <b>`x` ::error::no\""), "{names:?}");
    assert!(names.contains(&"#e \"c\tx\""), "{names:?}");
}
