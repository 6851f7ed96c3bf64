//! Answers against `docs/schemas`, by as much of JSON Schema as these use. Stricter in one thing: a key that
//! a schema does not describe is an error, so that none is forgotten.

use serde_json::Value;

/// Panics where an answer of `bench` is not as its schema says.
pub(crate) fn keeps_that_of_bench(answer: &Value) {
    let schema: Value =
        serde_json::from_str(include_str!("../../docs/schemas/bench.schema.json")).unwrap();
    // Row by row first: of an answer as a whole one would not see which row is wrong.
    let row = &schema["properties"]["rows"]["items"];
    for found in answer["rows"].as_array().unwrap() {
        check(found, row, &schema).unwrap_or_else(|fault| panic!("{fault}\n{found}"));
    }
    check(answer, &schema, &schema).unwrap();
}

/// Keywords that are understood, or say nothing of the value.
const KEYWORDS: [&str; 18] = [
    "$defs",
    "$ref",
    "$schema",
    "additionalProperties",
    "const",
    "description",
    "enum",
    "exclusiveMinimum",
    "items",
    "maxItems",
    "maximum",
    "minItems",
    "minimum",
    "oneOf",
    "properties",
    "required",
    "title",
    "type",
];

fn check(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
    for keyword in schema.as_object().unwrap().keys() {
        assert!(
            KEYWORDS.contains(&&**keyword),
            "{keyword} is not understood"
        );
    }
    if let Some(path) = schema["$ref"].as_str() {
        check(value, root.pointer(&path[1..]).unwrap(), root)?;
    }
    let ensure = |is_so: bool, what: &str| match is_so {
        true => Ok(()),
        false => Err(format!("{what} of {value}")),
    };
    let is_one_of = |names: &Value| match names {
        Value::Array(names) => names.iter().any(|name| is(value, name.as_str().unwrap())),
        name => is(value, name.as_str().unwrap()),
    };
    if let Some(names) = schema.get("type") {
        ensure(is_one_of(names), "type")?;
    }
    if let Some(values) = schema["enum"].as_array() {
        ensure(values.contains(value), "enum")?;
    }
    if let Some(only) = schema.get("const") {
        ensure(only == value, "const")?;
    }
    if let Some(number) = value.as_f64() {
        let limit = |keyword: &str| schema[keyword].as_f64();
        ensure(limit("minimum").is_none_or(|l| number >= l), "minimum")?;
        ensure(limit("maximum").is_none_or(|l| number <= l), "maximum")?;
        let least = limit("exclusiveMinimum");
        ensure(least.is_none_or(|l| number > l), "exclusiveMinimum")?;
    }
    if let Some(items) = value.as_array() {
        let limit = |keyword: &str| schema[keyword].as_u64().map(|n| n as usize);
        let n = items.len();
        ensure(limit("minItems").is_none_or(|l| n >= l), "minItems")?;
        ensure(limit("maxItems").is_none_or(|l| n <= l), "maxItems")?;
        for item in items.iter().filter(|_| schema["items"].is_object()) {
            check(item, &schema["items"], root)?;
        }
    }
    keys(value, schema, root)?;
    match schema["oneOf"].as_array() {
        Some(shapes) => one_of(value, shapes, root),
        None => Ok(()),
    }
}

fn keys(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
    let Some(object) = value.as_object() else {
        return Ok(());
    };
    for key in schema["required"].as_array().into_iter().flatten() {
        let key = key.as_str().unwrap();
        if !object.contains_key(key) {
            return Err(format!("{key} is missing"));
        }
    }
    let described = schema["properties"].as_object();
    let others = Some(&schema["additionalProperties"]).filter(|s| s.is_object());
    for (key, value) in object {
        match described.and_then(|all| all.get(key)).or(others) {
            Some(schema) => check(value, schema, root).map_err(|e| format!("{key}: {e}"))?,
            None if described.is_some() => return Err(format!("{key} is not described")),
            None => (),
        }
    }
    Ok(())
}

fn one_of(value: &Value, shapes: &[Value], root: &Value) -> Result<(), String> {
    let mut faults = Vec::new();
    for shape in shapes {
        if let Err(fault) = check(value, shape, root) {
            faults.push(format!("{}: {fault}", shape["title"]));
        }
    }
    match shapes.len() - faults.len() {
        1 => Ok(()),
        0 => Err(faults.join("\n")),
        n => Err(format!("{n} shapes fit")),
    }
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        _ => panic!("{name} is no type"),
    }
}

#[test]
fn rows_that_are_not_described_are_found() {
    let answer = |row: Value| serde_json::json!({"bench": "load", "machine": "m", "wall_s": 1.0, "rows": [row]});
    let sound = serde_json::json!({"set": "images", "quantity": "time", "ours": 1.5});
    keeps_that_of_bench(&answer(sound.clone()));
    for (key, value) in [
        ("hue", serde_json::json!(1)),
        ("ours", serde_json::json!("fast")),
        ("rounds", serde_json::json!(0)),
        ("set", serde_json::json!(null)),
    ] {
        let mut row = sound.clone();
        row[key] = value;
        let checked = std::panic::catch_unwind(|| keeps_that_of_bench(&answer(row)));
        assert!(checked.is_err(), "{key}");
    }
}
