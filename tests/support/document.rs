//! The OpenAPI document, and answers held against it.

use serde_json::{Value, json};

use crate::support::{Answer, STAFF_KEY, TestApp, bearer};

/// Header fields that an answer may carry only where the document says so.
const TOLD: [&str; 8] = [
    "location",
    "retry-after",
    "etag",
    "preference-applied",
    "idempotency-replayed",
    "allow",
    "www-authenticate",
    "content-disposition",
];

pub struct Document(pub Value);

impl Document {
    pub fn read() -> Document {
        Document(boxoffice::routes::document().unwrap())
    }

    /// Every method and path, parameters in braces.
    pub fn operations(&self) -> Vec<(String, String, &Value)> {
        let paths = self.0["paths"].as_object().unwrap();
        paths
            .iter()
            .flat_map(|(path, methods)| {
                methods
                    .as_object()
                    .unwrap()
                    .iter()
                    .map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
            })
            .collect()
    }

    /// What a reference points to; anything else as it is.
    pub fn follow<'d>(&'d self, value: &'d Value) -> &'d Value {
        match value["$ref"].as_str() {
            Some(reference) => self.0.pointer(reference.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }

    /// Fails unless the value fits the schema.
    #[track_caller]
    pub fn must_fit(&self, schema: &Value, value: &Value, what: &str) {
        let whole = json!({ "allOf": [schema], "components": self.0["components"] });
        let validator = jsonschema::draft202012::new(&whole).unwrap();
        let faults: Vec<String> =
            validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(faults.is_empty(), "{what}: {faults:#?}\n{value:#}");
    }

    /// Fails unless the answer is one that the document tells of for this
    /// call: status, media type, members, header fields.
    #[track_caller]
    pub fn must_tell(&self, method: &str, path: &str, answer: &Answer) {
        let what = format!("{method} {path} → {} {}", answer.status, answer.text);
        let operation = &self.0["paths"][path][method.to_lowercase()];
        assert!(operation.is_object(), "{what}: no such call in the document");
        let responses = &operation["responses"];
        let told = responses.get(answer.status.to_string()).unwrap_or(&responses["default"]);
        let told = self.follow(told);
        for (name, _) in answer.headers.iter().filter(|(name, _)| TOLD.contains(&name.as_str())) {
            let names = told["headers"].as_object().map(|headers| headers.keys().cloned().collect::<Vec<_>>());
            let told = names.unwrap_or_default().iter().any(|one| one.eq_ignore_ascii_case(name));
            assert!(told, "{what}: the header field {name} is not in the document");
        }
        let media_type = answer.header("content-type").unwrap_or("").split(';').next().unwrap_or("");
        match told["content"].as_object() {
            None => assert_eq!(answer.text, "", "{what}: the document knows of no body"),
            Some(content) => {
                let content = content.get(media_type).unwrap_or_else(|| panic!("{what}: no content of {media_type}"));
                let body = if media_type.ends_with("json") { answer.body.clone() } else { json!(answer.text) };
                self.must_fit(&content["schema"], &body, &what);
            }
        }
    }
}

/// Makes a call and holds its answer against the document.
pub struct DocumentClient<'h> {
    pub app: &'h TestApp,
    pub document: Document,
}

impl DocumentClient<'_> {
    #[track_caller]
    pub fn ask(&self, call: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let (method, told) = call.split_once(' ').unwrap();
        let body = body.map(|body| body.to_string());
        let answer = self.app.client.call_with(method, path, headers, body.as_deref());
        self.document.must_tell(method, told, &answer);
        answer
    }

    #[track_caller]
    pub fn staff(&self, call: &str, path: &str, body: Option<Value>) -> Answer {
        let path = format!("/api/v1/staff{path}");
        let (method, told) = call.split_once(' ').unwrap();
        self.ask(&format!("{method} /api/v1/staff{told}"), &path, &[("authorization", &bearer(STAFF_KEY))], body)
    }
}
