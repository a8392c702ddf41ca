//! `${name}` in a string: the parts that it falls into.

/// A part of a string that may name inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Text that stays as it is.
    Text(&'a str),
    /// The value of the input with this name.
    Input(&'a str),
    /// Something that begins like a reference and is none: from `${` to its end.
    Broken(&'a str),
}

/// Whether an input can have this name.
pub(super) fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// Takes a string apart: `${name}` is a reference, `$${` a literal `${`, any other `$` itself.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, reference) = rest.split_at(at);
        if let Some(literal) = before.strip_suffix('$') {
            parts.extend([Part::Text(literal), Part::Text("${")]);
            rest = reference.get(2..).unwrap_or_default();
            continue;
        }
        parts.push(Part::Text(before));
        let end = reference.find('}').map_or(reference.len(), |end| end + 1);
        let (found, after) = reference.split_at(end);
        let name = found.strip_prefix("${").and_then(|name| name.strip_suffix('}'));
        parts.push(name.filter(|name| is_name(name)).map_or(Part::Broken(found), Part::Input));
        rest = after;
    }
    parts.push(Part::Text(rest));
    parts.retain(|part| *part != Part::Text(""));
    parts
}

/// The inputs that a string names.
pub(in crate::plan) fn named(text: &str) -> impl Iterator<Item = &str> {
    let name = |part| if let Part::Input(name) = part { Some(name) } else { None };
    parts(text).into_iter().filter_map(name)
}

/// The input whose value is all that a string says.
pub(in crate::plan) fn whole(text: &str) -> Option<&str> {
    match parts(text).as_slice() {
        [Part::Input(name)] => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Part::*, named, parts, whole};

    #[test]
    fn a_string_falls_into_text_and_references() {
        assert_eq!(parts("/srv/${v}/nginx"), [Text("/srv/"), Input("v"), Text("/nginx")]);
        assert_eq!(parts("${a}${b-2}"), [Input("a"), Input("b-2")]);
        assert_eq!(parts("$5 $$ $${a}"), [Text("$5 $$ "), Text("${"), Text("a}")]);
        assert_eq!(parts("$${a} ${a}"), [Text("${"), Text("a} "), Input("a")]);
    }

    #[test]
    fn the_inputs_of_a_string_are_named_and_one_may_be_all_of_it() {
        assert_eq!(named("/srv/${v}/$${x}/${w}").collect::<Vec<_>>(), ["v", "w"]);
        assert_eq!(
            (whole("${v}"), whole("${v}x"), whole("$${v}"), whole("v")),
            (Some("v"), None, None, None)
        );
    }

    #[test]
    fn what_only_begins_like_a_reference_is_broken() {
        for broken in ["${", "${}", "${a b}", "${a", "${1a}"] {
            assert_eq!(parts(broken), [Broken(broken)]);
        }
        assert_eq!(parts("$"), [Text("$")]);
        assert!(parts("").is_empty());
    }
}
