use crate::support::{AUTH, Kit};

#[tokio::test]
async fn the_list_names_each_module_with_its_hash() {
    let kit = Kit::new().await;

    let reply = kit.get("/auth/client.json").send().await.expect(200);

    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert_eq!(reply.header("cache-control"), "no-cache");
    let modules = reply.json()["modules"].as_array().unwrap().clone();
    assert_eq!(modules[0]["name"], "client.js");
    for module in modules {
        let path = module["url"].as_str().unwrap().strip_prefix(AUTH).unwrap();
        let file = kit.get(path).send().await.expect(200);
        assert_eq!(file.header("access-control-allow-origin"), "*");
        assert_eq!(file.header("cross-origin-resource-policy"), "cross-origin");
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
        let latest = kit.get(&format!("/auth/{}", module["name"].as_str().unwrap())).send().await;
        assert_eq!(latest.text(), file.text());
        let hash = latest.header("etag").trim_matches('"').to_owned();
        assert_eq!(module["integrity"], format!("sha384-{hash}"));
    }
}
