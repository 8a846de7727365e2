//! Hashes that must agree and hashes that must not.

use serde_json::json;

use super::*;

#[test]
fn key_order_and_white_space_do_not_matter() {
    let a: Value = serde_json::from_str(r#"{"b": [1, 2.5, {"y": null, "x": "é\n"}], "a": true}"#).unwrap();
    let b: Value = serde_json::from_str(r#"{"a":true,"b":[1,2.5,{"x":"é\n","y":null}]}"#).unwrap();
    assert_eq!(config_hash(&a), config_hash(&b));
}

#[test]
fn content_does_matter() {
    let hashes: Vec<String> =
        [json!([1, 2]), json!([2, 1]), json!([12]), json!({"1": 2}), json!("1,2"), json!([1.0, 2])]
            .iter()
            .map(config_hash)
            .collect();
    for (i, a) in hashes.iter().enumerate() {
        assert!(hashes[..i].iter().all(|b| a != b), "{i}");
    }
}

#[test]
fn file_hash_is_blake3() {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("x");
    std::fs::write(&path, b"").unwrap();
    // The published test vector for the empty input.
    let empty = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
    assert_eq!(hash_file(&path).unwrap(), empty);
    assert!(hash_file(&dir.path().join("absent")).unwrap_err().to_string().contains("absent"));
}
