//! Finds what a pipeline names.

use std::sync::Arc;

use jackfield_manifest::{CodecDecl, FormatDecl, NodeDecl, OfferKind, TypeRef, nearest};

use super::offers::Offers;
use super::{Choices, Registry};
use crate::discover::{Found, InstalledPlugin};

/// Something could not be found.
#[derive(Debug, Clone, PartialEq)]
pub struct Unknown {
    /// What was looked for.
    pub name: String,
    /// Names like it, the nearest first.
    pub nearest: Vec<String>,
    /// All names there are.
    pub all: Vec<String>,
    /// Plugins that provide it and do not count: in another version, or because their requirements are not met.
    pub but: Vec<String>,
}

impl Unknown {
    /// What to do: the nearest names, else all of them.
    pub fn help(&self, what: &str) -> String {
        if !self.but.is_empty() {
            return self.but.join("; ");
        }
        match (self.nearest.as_slice(), self.all.as_slice()) {
            ([], []) => format!("no plugin that provides a {what} is installed; see `jackfield plugin list`"),
            ([], all) => format!("installed: {}", all.join(", ")),
            (nearest, _) => format!("did you mean `{}`?", nearest.join("` or `")),
        }
    }
}

impl Registry {
    /// The provider of a node type.
    ///
    /// # Errors
    /// No plugin provides it, or not the one or the version that was asked for.
    pub fn node(&self, wanted: &TypeRef) -> Result<(Arc<InstalledPlugin>, &NodeDecl), Unknown> {
        self.find(&self.nodes, wanted)
    }

    /// The provider of a format: `csv`, or `mycsv/csv`, or `mycsv@1/csv`.
    ///
    /// # Errors
    /// No plugin provides it, or not the one or the version that was asked for.
    pub fn format(&self, name: &str) -> Result<(Arc<InstalledPlugin>, &FormatDecl), Unknown> {
        self.find(&self.formats, &reference(name))
    }

    /// The provider of a codec, named as formats are.
    ///
    /// # Errors
    /// No plugin provides it, or not the one or the version that was asked for.
    pub fn codec(&self, name: &str) -> Result<(Arc<InstalledPlugin>, &CodecDecl), Unknown> {
        self.find(&self.codecs, &reference(name))
    }

    fn find<'r, T>(
        &'r self,
        offers: &'r Offers<T>,
        wanted: &TypeRef,
    ) -> Result<(Arc<InstalledPlugin>, &'r T), Unknown> {
        let named = |plugin: &InstalledPlugin| wanted.plugin.as_deref().is_none_or(|name| name == plugin.name());
        let found = match &wanted.version {
            Some(version) => {
                offers.matching(&wanted.name, |plugin| named(plugin) && version.matches(&plugin.manifest.version))
            }
            None => offers.of(&wanted.name).find(|offer| named(offer.plugin)),
        };
        match found {
            Some(offer) => Ok((offer.plugin.clone(), offer.declared)),
            None => Err(self.unknown(offers, wanted)),
        }
    }

    fn unknown<T>(&self, offers: &Offers<T>, wanted: &TypeRef) -> Unknown {
        let name = &wanted.name;
        let mut but: Vec<String> =
            offers.of(name).map(|offer| format!("{} provides it", offer.plugin.title())).collect();
        if but.is_empty() {
            // Of those that are set aside by a pin only the first is told; the others are versions of the same.
            let aside = offers.matching(name, |_| true);
            but.extend(
                aside.map(|offer| format!("{} provides it, but another version is pinned", offer.plugin.title())),
            );
        }
        for unresolved in &self.unresolved {
            let manifest = &unresolved.plugin.manifest;
            let provides = match offers.kind() {
                OfferKind::Node => manifest.nodes.iter().any(|node| node.node_type == *name),
                OfferKind::Format => manifest.formats.iter().any(|format| format.id == *name),
                OfferKind::Codec => manifest.codecs.iter().any(|codec| codec.id == *name),
                _ => false,
            };
            if provides {
                let first_line = unresolved.problem.message.lines().next().unwrap_or_default();
                but.push(format!("{} provides it, but {first_line}", unresolved.plugin.title()));
            }
        }
        Unknown {
            name: name.clone(),
            nearest: nearest(name, offers.ids()).into_iter().map(str::to_owned).collect(),
            all: offers.ids().map(str::to_owned).collect(),
            but,
        }
    }

    /// The format that claims a file name's extension.
    pub fn format_by_extension(&self, extension: &str) -> Option<&str> {
        self.by_extension(extension, OfferKind::Format)
    }

    /// The codec that claims a file name's extension.
    pub fn codec_by_extension(&self, extension: &str) -> Option<&str> {
        self.by_extension(extension, OfferKind::Codec)
    }

    fn by_extension(&self, extension: &str, kind: OfferKind) -> Option<&str> {
        let claim = self.extensions.get(&extension.to_ascii_lowercase())?;
        (claim.kind == kind).then_some(claim.id.as_str())
    }

    /// The codec whose magic number starts `head`: the plugin that counts most, of one plugin the longest, and of those
    /// the one that the file is `named` after (frames to be skipped begin alike in several formats).
    pub fn codec_by_magic(&self, head: &[u8], named: Option<&str>) -> Option<&str> {
        let length = |codec: &CodecDecl| {
            let fits = codec.magic.iter().filter(|magic| !magic.is_empty() && head.starts_with(magic));
            fits.map(Vec::len).max()
        };
        let found =
            self.codecs.winners().filter_map(|offer| Some((offer.plugin.rank, length(offer.declared)?, offer.id)));
        found.max_by_key(|(rank, length, id)| (*rank, *length, named == Some(*id))).map(|(_, _, id)| id)
    }

    /// The same plugins with further pins, such as a pipeline's `[plugin.NAME] version`; these count more.
    #[must_use]
    pub fn pinned(&self, choices: &Choices) -> Registry {
        let mut all = self.choices.clone();
        all.pins.extend(choices.pins.clone());
        all.prefer.extend(choices.prefer.clone());
        all.places.extend(choices.places.clone());
        Registry::new(Found { plugins: self.plugins.clone(), broken: self.broken.clone() }, all)
    }
}

/// `csv`, `plugin/csv` or `plugin@1.2/csv`; what is no such reference is a name that nothing has.
fn reference(text: &str) -> TypeRef {
    text.parse().unwrap_or_else(|_| TypeRef { plugin: None, version: None, name: text.to_owned() })
}
