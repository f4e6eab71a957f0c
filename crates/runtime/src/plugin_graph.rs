//! The plugins and what they require of each other, as a drawing in SVG.
//!
//! Layers from left to right: a plugin stands to the right of everything that requires it. Long arrows get a place of
//! their own in each layer they cross, and a few sweeps put the boxes of a layer near those they are joined to.

mod layers;

use std::fmt::Write;
use std::sync::Arc;

use jackfield_manifest::steers;

use crate::discover::InstalledPlugin;
use crate::registry::Registry;
use layers::{Layout, Slot};

/// Characters of a label that are shown.
const LONGEST_LABEL: usize = 32;
const CHARACTER_WIDTH: usize = 8;
const BOX_HEIGHT: usize = 40;
const ROW_HEIGHT: usize = 60;
const LAYER_GAP: usize = 80;
const MARGIN: usize = 20;

/// A box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginBox {
    /// The plugin's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it comes from: `first-party` and so on.
    pub from: &'static str,
    /// Its requirements cannot be met.
    pub unresolved: bool,
}

/// An arrow from a plugin to one that it requires, by the numbers of the boxes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginArrow {
    /// Who requires.
    pub from: usize,
    /// Who is required.
    pub to: usize,
    /// The requirement, such as `^1`; with the capability's name where one is required.
    pub label: String,
    /// It is optional.
    pub optional: bool,
}

/// Boxes and arrows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PluginGraph {
    /// In the order of the registry.
    pub boxes: Vec<PluginBox>,
    /// In the order of the boxes they start from.
    pub arrows: Vec<PluginArrow>,
}

impl PluginGraph {
    /// All installed plugins, each with what satisfies its requirements.
    pub fn new(registry: &Registry) -> PluginGraph {
        let plugins = registry.plugins();
        let number = |plugin: &Arc<InstalledPlugin>| plugins.iter().position(|known| Arc::ptr_eq(known, plugin));
        let boxes = plugins.iter().map(|plugin| PluginBox {
            name: plugin.name().to_owned(),
            version: plugin.manifest.version.to_string(),
            from: plugin.rank.name(),
            unresolved: registry.why_unresolved(plugin).is_some(),
        });
        let mut graph = PluginGraph { boxes: boxes.collect(), arrows: Vec::new() };
        for (from, plugin) in plugins.iter().enumerate() {
            for requirement in registry.requirements(plugin) {
                let wanted = &requirement.wanted;
                let label = match &wanted.target {
                    crate::resolve::Target::Plugin(_) => wanted.version.to_string(),
                    crate::resolve::Target::Capability(id) => format!("{id} {}", wanted.version),
                };
                if let Some(to) = requirement.plugin.as_ref().and_then(number) {
                    graph.arrows.push(PluginArrow { from, to, label, optional: wanted.optional });
                }
            }
        }
        graph
    }

    /// The drawing. All text comes from plugins and is escaped; there are no scripts, links or fonts in it.
    pub fn to_svg(&self) -> String {
        let ends: Vec<(usize, usize)> = self.arrows.iter().map(|arrow| (arrow.from, arrow.to)).collect();
        let layout = Layout::new(self.boxes.len(), &ends);
        let widths: Vec<usize> = layout.layers.iter().map(|layer| self.layer_width(layer)).collect();
        let left: Vec<usize> = widths
            .iter()
            .scan(MARGIN, |x, width| {
                let left = *x;
                *x += width + LAYER_GAP;
                Some(left)
            })
            .collect();
        let rows = layout.layers.iter().map(Vec::len).max().unwrap_or(0);
        let width = widths.iter().map(|w| w + LAYER_GAP).sum::<usize>().saturating_sub(LAYER_GAP).max(1) + 2 * MARGIN;
        let height = rows.max(1) * ROW_HEIGHT + 2 * MARGIN;
        // Layers with fewer boxes are centred.
        let top = |layer: usize, row: usize| {
            let count = layout.layers.get(layer).map_or(0, Vec::len);
            MARGIN + (rows - count.min(rows)) * ROW_HEIGHT / 2 + row * ROW_HEIGHT
        };
        let at = |list: &[usize], layer: usize| list.get(layer).copied().unwrap_or_default();

        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"sans-serif\" font-size=\"13\">\n  <title>Plugins and what they require</title>\n  \
             <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
             orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\" fill=\"#495057\"/></marker></defs>\n"
        );
        for (number, arrow) in self.arrows.iter().enumerate() {
            let Some(route) = layout.routes.get(number) else { continue };
            let mut path = String::new();
            for pair in route.windows(2) {
                let [(layer, row), (next_layer, next_row)] = pair else { continue };
                let forward = layer < next_layer;
                let (x1, y1) = (at(&left, *layer) + at(&widths, *layer), top(*layer, *row) + BOX_HEIGHT / 2);
                let (x2, y2) = (at(&left, *next_layer), top(*next_layer, *next_row) + BOX_HEIGHT / 2);
                let bend = LAYER_GAP / 2;
                // An arrow back closes a cycle: it leaves to the right and comes in from the left all the same.
                let (c1, c2) = if forward { (x1 + bend, x2 - bend) } else { (x1 + bend, x2.saturating_sub(bend)) };
                if path.is_empty() {
                    let _ = write!(path, "M{x1} {y1}");
                } else {
                    let _ = write!(path, " L{x1} {y1}");
                }
                let _ = write!(path, " C{c1} {y1} {c2} {y2} {x2} {y2}");
            }
            let dashes = if arrow.optional { " stroke-dasharray=\"5 4\"" } else { "" };
            let (from, to) = (self.name(arrow.from), self.name(arrow.to));
            let title = escaped(&format!("{from} requires {to} {}", arrow.label));
            let _ = writeln!(
                svg,
                "  <path d=\"{path}\" fill=\"none\" stroke=\"#868e96\"{dashes} marker-end=\"url(#arrow)\"><title>{title}</title></path>"
            );
        }
        for (layer, slots) in layout.layers.iter().enumerate() {
            for (row, slot) in slots.iter().enumerate() {
                let (Slot::Box(number), x, y) = (slot, at(&left, layer), top(layer, row)) else { continue };
                let Some(plugin) = self.boxes.get(*number) else { continue };
                let (fill, stroke) = match (plugin.unresolved, plugin.from) {
                    (true, _) => ("#fff5f5", "#e03131"),
                    (false, "first-party") => ("#e7f5ff", "#1971c2"),
                    (false, _) => ("#f8f9fa", "#495057"),
                };
                let (width, middle) = (at(&widths, layer), x + at(&widths, layer) / 2);
                let (name, below) = (escaped(&cut(&plugin.name)), escaped(&cut(&plugin.below())));
                let _ = writeln!(
                    svg,
                    "  <rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{BOX_HEIGHT}\" rx=\"6\" fill=\"{fill}\" stroke=\"{stroke}\"/>\n  \
                     <text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" font-weight=\"bold\">{name}</text>\n  \
                     <text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" font-size=\"11\" fill=\"#495057\">{below}</text>",
                    y + 17,
                    y + 32,
                );
            }
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn name(&self, number: usize) -> &str {
        self.boxes.get(number).map(|plugin| plugin.name.as_str()).unwrap_or_default()
    }

    fn layer_width(&self, layer: &[Slot]) -> usize {
        let labels = layer.iter().filter_map(|slot| match slot {
            Slot::Box(number) => self.boxes.get(*number),
            Slot::Pass(_) => None,
        });
        let length = |text: &str| text.chars().count().min(LONGEST_LABEL);
        let longest = labels.map(|plugin| length(&plugin.name).max(length(&plugin.below()))).max().unwrap_or(4);
        longest * CHARACTER_WIDTH + 24
    }
}

impl PluginBox {
    fn below(&self) -> String {
        if self.unresolved { format!("{} unresolved", self.version) } else { format!("{} {}", self.version, self.from) }
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_LABEL) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Text inside an element: what could be markup becomes an entity, what XML does not allow a replacement character.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if steers(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(name: &str) -> PluginBox {
        PluginBox { name: name.to_owned(), version: "1.0.0".to_owned(), from: "discovered", unresolved: false }
    }

    #[test]
    fn text_of_plugins_cannot_become_markup() {
        let mut graph =
            PluginGraph { boxes: vec![plugin("</text><script>alert(1)</script>\u{1b}")], arrows: Vec::new() };
        graph.arrows.push(PluginArrow { from: 0, to: 0, label: "\"><x>".to_owned(), optional: false });
        let svg = graph.to_svg();
        assert!(!svg.contains("<script") && !svg.contains("<x>") && !svg.contains('\u{1b}'), "{svg}");
        assert!(svg.contains("&lt;/text&gt;&lt;script&gt;"));
    }

    #[test]
    fn every_plugin_is_drawn_even_in_a_cycle() {
        let boxes: Vec<PluginBox> = (0..30).map(|n| plugin(&format!("p{n}"))).collect();
        let arrows = (0..30usize).flat_map(|n| [(n, (n + 1) % 30), (n, (n * 7 + 3) % 30)]);
        let arrows = arrows.map(|(from, to)| PluginArrow { from, to, label: "*".to_owned(), optional: false });
        let svg = PluginGraph { boxes, arrows: arrows.collect() }.to_svg();
        assert_eq!((svg.matches("<rect").count(), svg.matches("marker-end").count()), (30, 60));
        assert_eq!(PluginGraph::default().to_svg().matches("<rect").count(), 0);
    }
}
