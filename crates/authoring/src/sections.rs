//! The sections of a WebAssembly binary, without a parser of what is inside them.

/// A custom section.
const CUSTOM: u8 = 0;
/// In a core module: its imports.
const IMPORTS: u8 = 2;
/// In a component: a core module.
const CORE_MODULE: u8 = 1;
/// In a component: a component.
const COMPONENT: u8 = 4;

const HEADER: usize = 8;
const COMPONENT_LAYER: u8 = 1;

/// Whether the bytes are a component, not a core module.
pub(crate) fn is_component(bytes: &[u8]) -> bool {
    bytes.get(6) == Some(&COMPONENT_LAYER)
}

/// Whether a core module carries the type that bindings embed.
pub(crate) fn has_type(bytes: &[u8]) -> bool {
    sections(bytes).is_some_and(|sections| {
        sections.iter().any(|section| name(section).is_some_and(|name| name.starts_with(b"component-type")))
    })
}

/// The bytes without the custom sections whose names `dropped` names, also in modules and components inside. Bytes that
/// are not understood are left as they are; what validates them will say so.
pub(crate) fn without(bytes: &[u8], dropped: &dyn Fn(&str) -> bool) -> Vec<u8> {
    let Some(found) = sections(bytes) else { return bytes.to_vec() };
    let mut out = bytes.get(..HEADER).unwrap_or_default().to_vec();
    for section in found {
        let nested = is_component(bytes) && matches!(section.id, CORE_MODULE | COMPONENT);
        if nested {
            push(&mut out, section.id, &without(section.content, dropped));
        } else if name(&section).is_none_or(|name| !dropped(&String::from_utf8_lossy(name))) {
            push(&mut out, section.id, section.content);
        }
    }
    out
}

/// A core module whose function imports from the module `from` come from where `to` says, by name; others stay. Bytes
/// that are not understood are left as they are.
pub(crate) fn rename_imports(bytes: &[u8], from: &str, to: &dyn Fn(&str) -> Option<&'static str>) -> Vec<u8> {
    let Some(found) = sections(bytes) else { return bytes.to_vec() };
    let mut out = bytes.get(..HEADER).unwrap_or_default().to_vec();
    for section in found {
        let renamed = if section.id == IMPORTS { imports(section.content, from, to) } else { None };
        push(&mut out, section.id, renamed.as_deref().unwrap_or(section.content));
    }
    out
}

fn imports(content: &[u8], from: &str, to: &dyn Fn(&str) -> Option<&'static str>) -> Option<Vec<u8>> {
    let (count, mut rest) = number(content)?;
    let mut out = Vec::with_capacity(content.len() + 64);
    push_number(&mut out, count);
    for _ in 0..count {
        let (module, after) = word(rest)?;
        let (field, after) = word(after)?;
        let kind = *after.first()?;
        let described = after.get(1..)?;
        let after = match kind {
            0 => number(described)?.1,
            1 => limits(described.get(1..)?)?,
            2 => limits(described)?,
            3 => described.get(2..)?,
            _ => return None,
        };
        let renamed = if kind == 0 && module == from.as_bytes() { to(&String::from_utf8_lossy(field)) } else { None };
        let module = renamed.map_or(module, str::as_bytes);
        push_number(&mut out, module.len());
        out.extend_from_slice(module);
        push_number(&mut out, field.len());
        out.extend_from_slice(field);
        out.push(kind);
        out.extend_from_slice(described.get(..described.len() - after.len())?);
        rest = after;
    }
    Some(out)
}

fn word(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = number(bytes)?;
    rest.split_at_checked(length)
}

/// What follows the limits of a memory or table.
fn limits(bytes: &[u8]) -> Option<&[u8]> {
    let (flags, rest) = bytes.split_first()?;
    let (_, rest) = number(rest)?;
    if flags & 1 == 1 { Some(number(rest)?.1) } else { Some(rest) }
}

/// Adds a custom section at the end.
pub(crate) fn add_custom(bytes: &mut Vec<u8>, name: &str, content: &[u8]) {
    let mut section = Vec::new();
    push_number(&mut section, name.len());
    section.extend_from_slice(name.as_bytes());
    section.extend_from_slice(content);
    push(bytes, CUSTOM, &section);
}

struct Section<'a> {
    id: u8,
    content: &'a [u8],
}

fn sections(bytes: &[u8]) -> Option<Vec<Section<'_>>> {
    let mut rest = bytes.get(HEADER..)?;
    let mut found = Vec::new();
    while let Some((id, after)) = rest.split_first() {
        let (size, after) = number(after)?;
        let (content, after) = after.split_at_checked(size)?;
        found.push(Section { id: *id, content });
        rest = after;
    }
    Some(found)
}

fn name<'a>(section: &Section<'a>) -> Option<&'a [u8]> {
    if section.id != CUSTOM {
        return None;
    }
    let (length, rest) = number(section.content)?;
    rest.get(..length)
}

/// A LEB128 number of at most 32 bits, and what follows it.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0u64;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, bytes.get(at + 1..)?));
        }
    }
    None
}

fn push(out: &mut Vec<u8>, id: u8, content: &[u8]) {
    out.push(id);
    push_number(out, content.len());
    out.extend_from_slice(content);
}

fn push_number(out: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_sections_go_in_nested_modules_too() {
        let text =
            r#"(component (@custom "drop" "x") (core module (@custom "drop" "abc") (@custom "keep" "d") (func)))"#;
        let bytes = wat::parse_str(text).unwrap();
        let stripped = without(&bytes, &|name| name == "drop");
        assert!(stripped.len() < bytes.len());
        let has = |bytes: &[u8], word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
        assert!(!has(&stripped, b"drop") && has(&stripped, b"keep"));
        assert!(is_component(&stripped));
        assert_eq!(without(&bytes, &|_| false), bytes);
    }

    #[test]
    fn a_section_is_added_at_the_end() {
        let mut bytes = wat::parse_str("(module)").unwrap();
        assert!(!has_type(&bytes));
        add_custom(&mut bytes, "component-type:x", &[7; 300]);
        assert!(has_type(&bytes));
        assert_eq!(sections(&bytes).unwrap().len(), 1);
    }

    #[test]
    fn imports_move_to_another_module() {
        let text = r#"(module (import "a" "x" (func)) (import "a" "m" (memory 1 2)) (import "a" "y" (func)) (import "b" "x" (func)))"#;
        let bytes = wat::parse_str(text).unwrap();
        let moved = rename_imports(&bytes, "a", &|name| (name == "x").then_some("other"));
        let expected = wat::parse_str(text.replacen("\"a\" \"x\"", "\"other\" \"x\"", 1)).unwrap();
        assert_eq!(moved, expected);
    }

    #[test]
    fn what_is_cut_off_is_left_alone() {
        let bytes = wat::parse_str("(module (func))").unwrap();
        let cut = &bytes[..bytes.len() - 1];
        assert_eq!(without(cut, &|_| true), cut);
    }
}
