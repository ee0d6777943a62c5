use std::fs::File;
use std::io::Read;
use std::path::Path;

use handstamp_server::Logo;
use handstamp_server::config::Config;

use crate::failure::Failure;

/// Above the largest logo; a wrong file name must not fill the memory.
const MAX_LEN: u64 = 1024 * 1024;

/// Returns the image above the sign-in form, read from `pages.logo_file`; `None` where there is none.
pub(crate) fn load(config: &Config) -> Result<Option<Logo>, Failure> {
    config.pages.logo_file.as_deref().map(read).transpose()
}

fn read(path: &Path) -> Result<Logo, Failure> {
    let shown = path.display();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_LEN).read_to_end(&mut bytes))
        .map_err(|cause| Failure::because(format_args!("cannot read the logo {shown}"), &cause))?;
    Logo::new(bytes)
        .map_err(|cause| Failure::because(format_args!("the logo {shown} cannot be used"), &cause))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn an_image_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logo.svg");
        std::fs::write(&path, "<svg xmlns=\"http://www.w3.org/2000/svg\"/>").unwrap();

        assert!(read(&path).is_ok());
    }

    #[test]
    fn what_cannot_be_shown_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logo.svg");
        assert!(read(&path).unwrap_err().to_string().contains("cannot read the logo"), "it is not there");
        for (bytes, why) in
            [(b"GIF89a".to_vec(), "no SVG, PNG, JPEG or WebP"), (vec![0; 300_000], "300000 bytes")]
        {
            std::fs::write(&path, bytes).unwrap();
            let refused = read(&path).unwrap_err().to_string();
            assert!(refused.contains("logo.svg") && refused.contains(why), "{refused}");
        }
    }
}
