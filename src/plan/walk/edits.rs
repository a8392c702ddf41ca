//! Random edits of documents, for the tests that hold the readers of plans together.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// One change in one place; the numbers choose among what there is.
pub(super) type Edit = (u16, u16, u16);

/// A few changes, one after the other.
pub(super) fn edits() -> impl Strategy<Value = Vec<Edit>> {
    prop::collection::vec(any::<Edit>(), 1..4)
}

/// The document with all of the edits made.
pub(super) fn edited(document: &Json, edits: &[Edit], words: &[&str]) -> Json {
    let mut document = document.clone();
    for (place, what, other) in edits {
        let mut places = Vec::new();
        list(&document, "", &mut places);
        let place = &places[usize::from(*place) % places.len()];
        let other = &places[usize::from(*other) % places.len()];
        change(&mut document, place, other, usize::from(*what), words);
    }
    document
}

/// Every place of a document but its root, as a JSON pointer.
fn list(value: &Json, at: &str, places: &mut Vec<String>) {
    let mut each = |key: &str, value: &Json| {
        let below = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        places.push(below.clone());
        list(value, &below, places);
    };
    match value {
        Json::Object(table) => table.iter().for_each(|(key, value)| each(key, value)),
        Json::Array(items) => items.iter().enumerate().for_each(|(key, item)| each(&key.to_string(), item)),
        _ => {}
    }
}

fn change(document: &mut Json, place: &str, other: &str, what: usize, words: &[&str]) {
    let elsewhere = document.pointer(other).cloned().unwrap_or_default();
    let (above, key) = place.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    let values = 12 + words.len();
    match (what % (values + 14), document.pointer_mut(above)) {
        // Half of the kinds of changes put a value there.
        (kind, _) if kind < values => {
            let scalars =
                [json!(-1), json!(0), json!(7), json!(200), json!(1_000_000), json!(1.5), json!(true)];
            let tables = [json!([]), json!({}), json!(["x"]), json!([[]]), json!({"x": "y"})];
            let word = |kind: usize| words.get(kind).map(|word| json!(word));
            let value = word(kind).or_else(|| scalars.iter().chain(&tables).nth(kind - words.len()).cloned());
            *document.pointer_mut(place).unwrap() = value.unwrap();
        }
        (kind, Some(Json::Object(table))) => {
            let here = table.get(&key).cloned().unwrap_or_default();
            match kind - values {
                0 | 1 => drop(table.remove(&key)),
                2 => drop(table.insert(format!("{key}x"), here)),
                3 => drop(table.insert(words[0].to_owned(), here)),
                4 => drop(table.insert(other.rsplit('/').next().unwrap().to_owned(), elsewhere)),
                5 => drop(table.insert(key, elsewhere)),
                kind => text(table.get_mut(&key).unwrap(), kind),
            }
        }
        (kind, Some(Json::Array(items))) => {
            let index: usize = key.parse().unwrap();
            match kind - values {
                0 | 1 => drop(items.remove(index)),
                2 => items.insert(index, items[index].clone()),
                3..6 => items[index] = elsewhere,
                kind => text(&mut items[index], kind),
            }
        }
        (_, _) => unreachable!("a place stands in a table or an array"),
    }
}

/// A small change of a text or a number.
fn text(value: &mut Json, kind: usize) {
    match value {
        Json::String(text) => match kind {
            6 => text.insert(0, ' '),
            7 => text.push('\n'),
            8 => *text = text.to_uppercase(),
            9 => *text = text.repeat(300),
            10 => drop(text.pop()),
            11 => text.push_str("${version}"),
            12 => text.insert(0, '$'),
            _ => text.push('é'),
        },
        Json::Number(number) => {
            let number = number.as_i64().unwrap_or(1);
            *value = json!([number + 1, number - 1, -number, number.saturating_mul(1000)][kind % 4]);
        }
        _ => {}
    }
}
