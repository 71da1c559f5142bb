//! Patterns of paths: a parameter in braces stands for one segment.

/// Whether a path is one of a pattern.
pub fn fits(mut pattern: &str, mut path: &str) -> bool {
    while let Some((words, rest)) = pattern.split_once('{') {
        let Some(segment) = path.strip_prefix(words) else { return false };
        path = segment.split_once('/').map_or("", |(parameter, _)| &segment[parameter.len()..]);
        pattern = rest.split_once('}').map_or("", |(_, rest)| rest);
    }
    pattern == path
}

/// A parameter of a path that fits a pattern, as it is written there, still percent-encoded.
pub fn path_parameter<'p>(pattern: &str, path: &'p str, name: &str) -> Option<&'p str> {
    let is_it = |word: &str| word.strip_prefix('{').and_then(|word| word.strip_suffix('}')) == Some(name);
    let mut segments = pattern.split('/').zip(path.split('/'));
    segments.find(|(word, _)| is_it(word)).map(|(_, segment)| segment)
}

/// Patterns and paths, with whether they fit: what finds routes is held to the same.
#[cfg(test)]
pub const PATH_PATTERN_CASES: [(&str, &str, bool); 10] = [
    ("/a/{x}/b", "/a/1/b", true),
    ("/a/{x}/b", "/a//b", true),
    ("/a/{x}/b", "/a/1/2/b", false),
    ("/a/{x}/b", "/a/1", false),
    ("/a/{x}", "/a/1/", false),
    ("/a/{x}", "/a", false),
    ("/a/{x}/{y}", "/a/1/2", true),
    ("/a/{x}/{y}", "/a/1", false),
    ("/", "/", true),
    ("/", "", false),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_pattern_takes_one_segment_for_each_parameter() {
        for (pattern, path, is_so) in PATH_PATTERN_CASES {
            assert_eq!(fits(pattern, path), is_so, "{pattern} {path}");
        }
        assert_eq!(path_parameter("/a/{x}/{y}", "/a/1/2%20", "y"), Some("2%20"));
        assert_eq!(path_parameter("/a/{x}", "/a/1", "y"), None);
    }
}
