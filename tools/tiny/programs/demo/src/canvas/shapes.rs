//! Lines, triangles, discs and boxes with round corners.

use super::{Area, Canvas, Colour, OPAQUE, Opacity, Point, area, at};

impl Canvas<'_> {
    /// A line of one pixel's width, both ends included.
    pub fn line(&mut self, from: Point, to: Point, colour: Colour) {
        let across = (to.x - from.x).abs();
        let down = -(to.y - from.y).abs();
        let step = at((to.x - from.x).signum(), (to.y - from.y).signum());
        let mut error = across + down;
        let mut place = from;
        loop {
            self.dot(place, colour, OPAQUE);
            if place == to {
                return;
            }
            let doubled = 2 * error;
            if doubled >= down {
                error += down;
                place.x += step.x;
            }
            if doubled <= across {
                error += across;
                place.y += step.y;
            }
        }
    }

    /// A filled triangle. Two that share an edge leave no gap between them.
    pub fn triangle(&mut self, corners: [Point; 3], colour: Colour) {
        let mut corners = corners;
        corners.sort_unstable_by_key(|corner| corner.y);
        let [top, middle, bottom] = corners;
        for y in top.y..=bottom.y {
            let long = on_edge(top, bottom, y);
            let short =
                if y < middle.y { on_edge(top, middle, y) } else { on_edge(middle, bottom, y) };
            let left = long.min(short);
            self.row(left, y, long.max(short) - left + 1).1.fill(colour.0);
        }
    }

    /// A filled disc with a smooth edge.
    pub fn disc(&mut self, centre: Point, radius: i32, colour: Colour, opacity: Opacity) {
        for y in -radius..=radius {
            for x in -radius..=radius {
                let covered = coverage(radius, x, y) * opacity / OPAQUE;
                if covered > 0 {
                    self.dot(at(centre.x + x, centre.y + y), colour, covered);
                }
            }
        }
    }

    /// An area with round corners, laid over what is there.
    pub fn rounded(&mut self, place: Area, radius: i32, colour: Colour, opacity: Opacity) {
        let Area { x, y, width, height } = place;
        let radius = radius.min(width / 2).min(height / 2);
        self.blend(area(x, y + radius, width, height - 2 * radius), colour, opacity);
        for down in 0..radius {
            for row in [y + down, y + height - 1 - down] {
                self.blend(area(x + radius, row, width - 2 * radius, 1), colour, opacity);
                for across in 0..radius {
                    let covered = coverage(radius, radius - across, radius - down);
                    let opacity = covered * opacity / OPAQUE;
                    self.dot(at(x + across, row), colour, opacity);
                    self.dot(at(x + width - 1 - across, row), colour, opacity);
                }
            }
        }
    }
}

/// How much of a pixel lies in a disc around 0, 0.
fn coverage(radius: i32, x: i32, y: i32) -> Opacity {
    let distance = ((x * x + y * y) as u32 * 256).isqrt();
    let edge = radius as u32 * 16 + 8;
    (edge.saturating_sub(distance) * 2).min(OPAQUE)
}

/// Where an edge crosses row `y`.
fn on_edge(from: Point, to: Point, y: i32) -> i32 {
    match to.y - from.y {
        0 => to.x,
        height => from.x + (to.x - from.x) * (y - from.y) / height,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::picture;

    #[track_caller]
    fn check(draw: impl FnOnce(&mut Canvas<'_>), expected: &Expect) {
        let mut pixels = [0; 16 * 8];
        let mut canvas = Canvas::new(&mut pixels, 16, 8);
        draw(&mut canvas);
        expected.assert_eq(&picture::as_text(&canvas));
    }

    const WHITE: Colour = Colour::rgb(255, 255, 255);

    #[test]
    fn a_line_has_both_its_ends() {
        check(
            |canvas| canvas.line(at(1, 6), at(14, 2), WHITE),
            &expect![[r#"
                |
                |
                |             @@
                |          @@@
                |      @@@@
                |   @@@
                | @@
                |
            "#]],
        );
    }

    #[test]
    fn a_triangle_is_full() {
        check(
            |canvas| canvas.triangle([at(8, 0), at(1, 3), at(14, 7)], WHITE),
            &expect![[r#"
                |        @
                |      @@@
                |    @@@@@@
                | @@@@@@@@@@
                |    @@@@@@@@
                |       @@@@@@
                |          @@@@
                |              @
            "#]],
        );
    }

    #[test]
    fn corners_are_round_and_smooth() {
        check(
            |canvas| canvas.rounded(area(1, 0, 14, 8), 4, WHITE, OPAQUE),
            &expect![[r#"
                |    =@@@@@@=
                |  :@@@@@@@@@@:
                |  @@@@@@@@@@@@
                | =@@@@@@@@@@@@=
                | =@@@@@@@@@@@@=
                |  @@@@@@@@@@@@
                |  :@@@@@@@@@@:
                |    =@@@@@@=
            "#]],
        );
    }

    #[test]
    fn a_disc_is_as_wide_as_high() {
        check(
            |canvas| canvas.disc(at(6, 4), 3, WHITE, OPAQUE),
            &expect![[r#"
                |
                |     -=-
                |    *@@@*
                |   -@@@@@-
                |   =@@@@@=
                |   -@@@@@-
                |    *@@@*
                |     -=-
            "#]],
        );
    }
}
