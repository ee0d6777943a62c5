use std::path::{Path, PathBuf};

use handstamp_audit::Target;
use url::Url;

use super::describe;

/// Returns where the description is, as code hosts want to hear it: a path within the repository, or an address where it is no file of
/// one; none where it came from standard input.
pub(super) fn of_description(target: &Target, source: Option<&str>) -> Option<String> {
    let Some(source) = source else { return Some(describe::usual_address(target)) };
    if describe::is_address(source) {
        return Some(source.to_owned());
    }
    let file = Path::new(source).canonicalize().ok()?;
    match within_repository(&file) {
        Some(path) => Some(path.to_string_lossy().into_owned()),
        None => Url::from_file_path(&file).ok().map(String::from),
    }
}

/// Code hosts count from the repository's root, wherever the command was given.
fn within_repository(file: &Path) -> Option<PathBuf> {
    // In a worktree `.git` is a file.
    let root = file.ancestors().skip(1).find(|folder| folder.join(".git").exists())?;
    file.strip_prefix(root).ok().map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use handstamp_audit::Target;
    use tempfile::TempDir;

    use super::of_description;

    fn target() -> Target {
        Target::parse("http://127.0.0.1:8080/v1", &[]).unwrap()
    }

    #[test]
    fn a_file_is_named_from_the_root_of_its_repository() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("services/orders/openapi.yaml");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "").unwrap();
        let name = file.to_str().unwrap();

        let outside = of_description(&target(), Some(name)).unwrap();
        fs::create_dir(folder.path().join(".git")).unwrap();
        let within = of_description(&target(), Some(name));

        assert!(outside.starts_with("file:///") && outside.ends_with("/openapi.yaml"), "{outside}");
        assert_eq!(within.as_deref(), Some("services/orders/openapi.yaml"));
    }

    #[test]
    fn what_is_no_file_is_named_by_its_address() {
        let told = |source| of_description(&target(), source);

        assert_eq!(told(None).as_deref(), Some("http://127.0.0.1:8080/v1/openapi.json"));
        assert_eq!(told(Some("https://api.example/x.json")).as_deref(), Some("https://api.example/x.json"));
        assert_eq!(told(Some("-")), None);
    }
}
