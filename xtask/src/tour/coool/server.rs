//! The pages that the tour's documents link to.

use testkit::web::{Response, Server};

/// Pages that are there, have moved, are gone, or are difficult.
pub(super) fn start() -> Server {
    Server::new(|request| match request.path.as_str() {
        "/good" => Response::page("<h1 id=\"costs\">Costs</h1>"),
        "/moved" => Response::moved(301, "/good"),
        "/for-now" => Response::moved(302, "/good"),
        "/circle" => Response::moved(302, "/circle/on"),
        "/circle/on" => Response::moved(302, "/circle"),
        "/people" => Response::of(403),
        "/gone" => Response::of(410),
        "/busy" if request.before == 0 => Response::of(429).with("retry-after", "1"),
        "/busy" => Response::of(200),
        _ => Response::of(404),
    })
}
