use crate::support::Kit;

/// Every file that a page names: the icon, the style, the script, and what stands in the page.
async fn named(kit: &Kit, page: &str) -> Vec<String> {
    let text = kit.get(page).send().await.page(200);
    let parts = text.split('"').filter(|part| part.starts_with("/auth/assets/"));
    parts.map(str::to_owned).collect()
}

#[tokio::test]
async fn what_a_page_names_is_there_for_ever() {
    let kit = Kit::new().await;

    let files = named(&kit, "/auth/sign-in").await;

    let mut kinds = Vec::new();
    for file in files {
        let reply = kit.get(&file).send().await.expect(200);
        assert_eq!(reply.header("cache-control"), "public, max-age=31536000, immutable", "{file}");
        assert_eq!(reply.header("access-control-allow-origin"), "", "{file}");
        kinds.push(reply.header("content-type").to_owned());
    }
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, ["image/svg+xml", "text/css; charset=utf-8", "text/javascript; charset=utf-8"]);
}

#[tokio::test]
async fn the_accent_of_the_operator_is_in_the_style_and_in_the_icon() {
    let kit = Kit::with(&[("pages.accent", "#FFD400")]).await;
    let style = named(&kit, "/auth/sign-in").await.remove(1);

    let text = kit.get(&style).send().await.expect(200).text();

    assert!(text.contains("--accent: #ffd400; --on-accent: #000;"), "{text}");
    let icon = named(&kit, "/auth/sign-in").await.remove(0);
    let icon = kit.get(&icon).send().await.expect(200).text();
    assert!(icon.contains("fill=\"#ffd400\"") && icon.contains("stroke=\"#000\""), "{icon}");
    let other = Kit::new().await;
    assert_ne!(named(&other, "/auth/sign-in").await[1], style);
    other.get(&style).send().await.refused(404, "not_found");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_found() {
    let kit = Kit::new().await;

    for name in ["x", "page.css", "..%2f..%2fetc%2fpasswd", "page-.css"] {
        kit.get(&format!("/auth/assets/{name}")).send().await.refused(404, "not_found");
    }
}

/// Files are never pages: opened by themselves they may run nothing.
#[tokio::test]
async fn an_image_runs_no_script() {
    let kit = Kit::new().await;
    let icon = named(&kit, "/auth/sign-in").await.remove(0);

    let reply = kit.get(&icon).send().await.expect(200);

    assert!(reply.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
}
