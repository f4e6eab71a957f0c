//! A flame graph as SVG: each function is as wide as its share of the samples, and stands on what called it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::profile::Profile;

const WIDTH: f64 = 1200.0;
const ROW: f64 = 18.0;
const HEAD: f64 = 44.0;
/// Shares below which a function is not drawn: a third of a pixel.
const NARROWEST: f64 = 0.3;

/// Calls of one function from the same callers.
#[derive(Default)]
struct Call {
    count: u32,
    calls: BTreeMap<String, Call>,
}

impl Call {
    fn depth(&self) -> usize {
        self.calls.values().map(|call| 1 + call.depth()).max().unwrap_or(0)
    }
}

/// Draws a profile.
pub fn flame_graph(profile: &Profile) -> String {
    let mut root = Call::default();
    for sample in &profile.samples {
        root.count += sample.count;
        let mut at = &mut root;
        for frame in &sample.frames {
            at = at.calls.entry(frame.clone()).or_default();
            at.count += sample.count;
        }
    }
    let height = HEAD + ROW * (root.depth() + 1) as f64 + 8.0;
    let mut svg = String::new();
    let title = format!("{}: {} units of fuel, {} samples", profile.subject, profile.fuel, profile.taken);
    // Writing into text cannot fail.
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"monospace\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fffdf8\"/>\n\
         <text x=\"8\" y=\"20\" font-size=\"14\">{}</text>\n\
         <text x=\"8\" y=\"36\" fill=\"#777777\">wide: much fuel; above: called by what is below; rest the mouse on a function for its share</text>\n",
        escaped(&title)
    );
    draw(
        &mut svg,
        "all",
        &root,
        Place { x: 0.0, y: height - 8.0 - ROW, unit: WIDTH / f64::from(root.count.max(1)) },
        root.count,
    );
    svg.push_str("</svg>\n");
    svg
}

#[derive(Clone, Copy)]
struct Place {
    x: f64,
    y: f64,
    /// Pixels of one sample.
    unit: f64,
}

fn draw(svg: &mut String, name: &str, call: &Call, place: Place, total: u32) {
    let width = f64::from(call.count) * place.unit;
    if width < NARROWEST {
        return;
    }
    let share = 100.0 * f64::from(call.count) / f64::from(total.max(1));
    let told = escaped(name);
    let Place { x, y, .. } = place;
    let _ = write!(
        svg,
        "<g><title>{told}: {share:.1} % ({} samples)</title><rect x=\"{x:.2}\" y=\"{y:.1}\" width=\"{width:.2}\" \
         height=\"{:.1}\" fill=\"{}\" rx=\"1.5\"/>",
        call.count,
        ROW - 1.0,
        color(name)
    );
    let fits = (width / 7.4) as usize;
    if fits >= 3 {
        let count = name.chars().count();
        let shown: String = match count > fits {
            true => name.chars().take(fits - 1).chain(['…']).collect(),
            false => name.to_owned(),
        };
        let _ = write!(svg, "<text x=\"{:.2}\" y=\"{:.1}\">{}</text>", x + 3.0, y + 12.5, escaped(&shown));
    }
    svg.push_str("</g>\n");
    let mut x = x;
    for (name, inner) in &call.calls {
        draw(svg, name, inner, Place { x, y: y - ROW, ..place }, total);
        x += f64::from(inner.count) * place.unit;
    }
}

/// A warm colour, the same for the same name.
fn color(name: &str) -> String {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("rgb({},{},{})", 205 + hash % 50, 90 + (hash >> 8) % 110, 40 + (hash >> 16) % 40)
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            other if jackfield_manifest::steers(other) => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::profile::Sample;
    use super::*;

    #[test]
    fn widths_are_shares_and_names_are_escaped() {
        let sample =
            |frames: &[&str], count| Sample { frames: frames.iter().map(|f| (*f).to_owned()).collect(), count };
        let profile = Profile {
            subject: "node".to_owned(),
            fuel: 100,
            samples: vec![sample(&["main", "Vec<u8>::push"], 3), sample(&["main"], 1)],
            taken: 4,
        };
        let svg = flame_graph(&profile);
        assert!(svg.contains("Vec&lt;u8&gt;::push: 75.0 % (3 samples)"), "{svg}");
        assert!(svg.contains("main: 100.0 % (4 samples)"), "{svg}");
        assert!(svg.contains("width=\"900.00\""), "{svg}");
        assert_eq!(svg.matches("<g>").count(), svg.matches("</g>").count());
    }
}
