//! The result in every form.

mod support;

use expect_test::{Expect, expect};
use support::{Desk, odf};

/// A broken link with a proposal, one in order, and one that nobody asked about.
fn desk() -> Desk {
    let body = format!(
        "<text:h text:outline-level=\"1\">A &lt; B | C</text:h><text:p>\
         <text:bookmark text:name=\"Here\"/>{} {} {}</text:p>",
        odf::link("#Hree", "the \"slip\" &amp; more"),
        odf::link("#Here", "fine"),
        odf::link("https://a.example/", "web"),
    );
    Desk::with("a.fodt", odf::text(&body))
}

fn check(arguments: &[&str], expected: &Expect) {
    let run = desk().coool(&[&["a.fodt", "--offline"], arguments].concat());
    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    expected.assert_eq(&run.stdout);
}

#[test]
fn text_shows_what_needs_attention() {
    check(
        &[],
        &expect![[r#"
        a.fodt
        ======

        broken: #Hree
          because: no bookmark is called `Hree`
          perhaps: #Here
            likely: it is spelled nearly so
          1 link:
            text "the "slip" & more", under "A < B | C"

        1 document, 3 links: 1 broken, 1 unchecked, 1 ok
    "#]],
    );
}

#[test]
fn text_shows_everything_on_request() {
    check(
        &["--verbose"],
        &expect![[r#"
        a.fodt
        ======

        broken: #Hree
          because: no bookmark is called `Hree`
          perhaps: #Here
            likely: it is spelled nearly so
          1 link:
            text "the "slip" & more", under "A < B | C"

        ok: #Here
          1 link:
            text "fine", under "A < B | C"

        unchecked: https://a.example/
          because: not asked, because of `--offline`
          1 link:
            text "web", under "A < B | C"

        1 document, 3 links: 1 broken, 1 unchecked, 1 ok
    "#]],
    );
}

#[test]
fn json_is_one_document() {
    check(
        &["--format", "json"],
        &expect![[r##"
        {
          "tool": "coool",
          "version": "0.1.0",
          "format": 1,
          "totals": {
            "documents": 1,
            "links": 3,
            "ok": 1,
            "redirected": 0,
            "doubtful": 0,
            "broken": 1,
            "unchecked": 1
          },
          "problems": [],
          "links": [
            {
              "document": "a.fodt",
              "part": "",
              "kind": "text",
              "url": "#Hree",
              "text": "the \"slip\" & more",
              "place": {
                "heading": "A < B | C"
              },
              "verdict": "broken",
              "reason": "no bookmark is called `Hree`",
              "proposal": "#Here",
              "proposal_reason": "it is spelled nearly so",
              "confidence": "likely"
            },
            {
              "document": "a.fodt",
              "part": "",
              "kind": "text",
              "url": "#Here",
              "text": "fine",
              "place": {
                "heading": "A < B | C"
              },
              "verdict": "ok",
              "reason": "",
              "proposal": null
            },
            {
              "document": "a.fodt",
              "part": "",
              "kind": "text",
              "url": "https://a.example/",
              "text": "web",
              "place": {
                "heading": "A < B | C"
              },
              "verdict": "unchecked",
              "reason": "not asked, because of `--offline`",
              "proposal": null
            }
          ]
        }
    "##]],
    );
}

#[test]
fn json_lines_have_a_line_for_each_link() {
    check(
        &["--format", "jsonl"],
        &expect![[r##"
        {"document":"a.fodt","part":"","kind":"text","url":"#Hree","text":"the \"slip\" & more","place":{"heading":"A < B | C"},"verdict":"broken","reason":"no bookmark is called `Hree`","proposal":"#Here","proposal_reason":"it is spelled nearly so","confidence":"likely"}
        {"document":"a.fodt","part":"","kind":"text","url":"#Here","text":"fine","place":{"heading":"A < B | C"},"verdict":"ok","reason":"","proposal":null}
        {"document":"a.fodt","part":"","kind":"text","url":"https://a.example/","text":"web","place":{"heading":"A < B | C"},"verdict":"unchecked","reason":"not asked, because of `--offline`","proposal":null}
    "##]],
    );
}

#[test]
fn csv_has_a_row_for_each_link() {
    check(
        &["--format", "csv"],
        &expect![[r#"
            document,part,kind,url,text,place,page,slide,sheet,cell,heading,line,verdict,reason,proposal,confidence,proposal_reason,known
            a.fodt,,text,#Hree,"the ""slip"" & more","under ""A < B | C""",,,,,A < B | C,,broken,no bookmark is called `Hree`,#Here,likely,it is spelled nearly so,
            a.fodt,,text,#Here,fine,"under ""A < B | C""",,,,,A < B | C,,ok,,,,,
            a.fodt,,text,https://a.example/,web,"under ""A < B | C""",,,,,A < B | C,,unchecked,"not asked, because of `--offline`",,,,
        "#]],
    );
}

#[test]
fn junit_has_a_case_for_each_link() {
    check(
        &["--format", "junit"],
        &expect![[r##"
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="coool" tests="3" failures="1" errors="0">
              <testsuite name="a.fodt" tests="3" failures="1" errors="0" skipped="1">
                <testcase classname="a.fodt" name="#Hree &quot;the &quot;slip&quot; &amp; more&quot;"><failure type="broken-link" message="no bookmark is called `Hree`">text link: #Hree &quot;the &quot;slip&quot; &amp; more&quot; (under &quot;A &lt; B | C&quot;): no bookmark is called `Hree`; perhaps #Here (likely: it is spelled nearly so)</failure></testcase>
                <testcase classname="a.fodt" name="#Here &quot;fine&quot;"/>
                <testcase classname="a.fodt" name="https://a.example/ &quot;web&quot;"><skipped message="not asked, because of `--offline`"/></testcase>
              </testsuite>
            </testsuites>
        "##]],
    );
}

#[test]
fn sarif_has_a_result_for_each_link_to_look_at() {
    check(
        &["--format", "sarif"],
        &expect![[r##"
            {
              "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
              "runs": [
                {
                  "invocations": [
                    {
                      "executionSuccessful": true,
                      "toolExecutionNotifications": []
                    }
                  ],
                  "results": [
                    {
                      "level": "error",
                      "locations": [
                        {
                          "logicalLocations": [
                            {
                              "name": "under \"A < B | C\""
                            }
                          ],
                          "physicalLocation": {
                            "artifactLocation": {
                              "uri": "a.fodt"
                            }
                          }
                        }
                      ],
                      "message": {
                        "text": "#Hree \"the \"slip\" & more\" (under \"A < B | C\"): no bookmark is called `Hree`; perhaps #Here (likely: it is spelled nearly so)"
                      },
                      "partialFingerprints": {
                        "coool/v1": "2a41e9d0b3846bf5c8b3b66c9e081146",
                        "primaryLocationLineHash": "2a41e9d0b3846bf5c8b3b66c9e081146"
                      },
                      "ruleId": "broken-link"
                    }
                  ],
                  "tool": {
                    "driver": {
                      "name": "coool",
                      "rules": [
                        {
                          "defaultConfiguration": {
                            "level": "error"
                          },
                          "id": "broken-link",
                          "shortDescription": {
                            "text": "The link leads nowhere"
                          }
                        },
                        {
                          "defaultConfiguration": {
                            "level": "warning"
                          },
                          "id": "doubtful-link",
                          "shortDescription": {
                            "text": "Nobody can say whether the link leads anywhere"
                          }
                        },
                        {
                          "defaultConfiguration": {
                            "level": "note"
                          },
                          "id": "moved-link",
                          "shortDescription": {
                            "text": "What the link leads to has moved for good"
                          }
                        }
                      ],
                      "version": "0.1.0"
                    }
                  }
                }
              ],
              "version": "2.1.0"
            }
        "##]],
    );
}

#[test]
fn markdown_has_a_table_for_each_document() {
    check(
        &["--format", "markdown"],
        &expect![[r##"
        # Links

        | documents | links | broken | doubtful | redirected | unchecked | ok |
        | --- | --- | --- | --- | --- | --- | --- |
        | 1 | 3 | 1 | 0 | 0 | 1 | 1 |

        ## a.fodt

        | verdict | address | where | text | reason | perhaps |
        | --- | --- | --- | --- | --- | --- |
        | broken | \#Hree | under "A &lt; B \| C" | the "slip" &amp; more | no bookmark is called \`Hree\` | \#Here (likely: it is spelled nearly so) |
    "##]],
    );
}

#[test]
fn a_page_shows_what_needs_attention_and_hides_the_rest() {
    let run = desk().coool(&["a.fodt", "--offline", "--format", "html"]);
    let (_, body) = run.stdout.split_once("<body>\n").expect("a body");
    expect![[r#"
        <h1>1 document, 3 links</h1>
        <input type="checkbox" id="broken" checked><label for="broken"><b>1</b> broken</label>
        <input type="checkbox" id="unchecked"><label for="unchecked"><b>1</b> unchecked</label>
        <input type="checkbox" id="ok"><label for="ok"><b>1</b> ok</label>
        <main>
        <section>
        <h2>a.fodt <small>1 broken, 1 unchecked, 1 ok</small></h2>
        <article class="broken">
        <p><span class="verdict">broken</span><code>#Hree</code></p>
        <p>text “the &quot;slip&quot; &amp; more”, under &quot;A &lt; B | C&quot;</p>
        <p class="soft">no bookmark is called <code>Hree</code></p>
        <p>perhaps <code>#Here</code>, likely: it is spelled nearly so</p>
        </article>
        <article class="ok">
        <p><span class="verdict">ok</span><code>#Here</code></p>
        <p>text “fine”, under &quot;A &lt; B | C&quot;</p>
        </article>
        <article class="unchecked">
        <p><span class="verdict">unchecked</span><code><a href="https://a.example/" rel="noopener noreferrer">https://a.example/</a></code></p>
        <p>text “web”, under &quot;A &lt; B | C&quot;</p>
        <p class="soft">not asked, because of <code>--offline</code></p>
        </article>
        </section>
        </main>
        </body>
        </html>
    "#]].assert_eq(body);
}

#[test]
fn a_list_shows_all_links_and_asks_nobody() {
    let run = desk().coool(&["a.fodt", "--list"]);
    assert_eq!(run.code, Some(0));
    expect![[r#"
        a.fodt
        ======

        #Hree
            text "the "slip" & more", under "A < B | C"

        #Here
            text "fine", under "A < B | C"

        https://a.example/
            text "web", under "A < B | C"

        1 document, 3 links: 3 unchecked
    "#]]
    .assert_eq(&run.stdout);
}

#[test]
fn the_result_goes_where_it_is_wanted() {
    let desk = desk();

    let run = desk.coool(&["a.fodt", "--offline", "--format", "csv", "-o", "links.csv"]);

    assert_eq!((run.code, &*run.stdout), (Some(1), ""));
    assert!(desk.read("links.csv").starts_with(b"document,part,kind,"));
}

#[test]
fn a_page_has_neither_scripts_nor_backticks_nor_anything_from_elsewhere() {
    let body = format!(
        "{}{}",
        odf::paragraph("#Gone<script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        odf::paragraph("javascript:alert(1)", "&quot; onclick=&quot;alert(1)"),
    );
    let run = Desk::with("a.fodt", odf::text(&body)).coool(&["a.fodt", "--format", "html"]);

    for stranger in ["<script", "<link", "<img", "url(", "@import", "src=", "`", "href=\"java"] {
        assert!(!run.stdout.contains(stranger), "{stranger}: {}", run.stdout);
    }
    assert!(
        run.stdout.contains("no bookmark is called <code>Gone&lt;script&gt;</code>"),
        "{run:?}"
    );
}
