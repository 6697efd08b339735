//! The rules of the three games, the same for everyone.

use serde_json::{Value, json};

use crate::app::{TestApp, ask};
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn the_three_rules_are_listed_whole() {
    let app = TestApp::spawn().await;
    let mut transcript = Transcript::default();

    transcript.say("list", app.get("/api/game-rules/")).await;

    transcript.check("game_rules_list");
}

#[testkit::on_both_databases]
async fn a_rule_is_found_by_its_id_and_by_its_slug() {
    let app = TestApp::spawn().await;
    let (_, rules) = ask(app.get("/api/game-rules")).await;
    let rules = rules.as_array().unwrap();
    assert_eq!(rules.len(), 3);

    for rule in rules {
        let path = |key: &str| format!("/api/game-rules/{}", rule[key].as_str().unwrap());
        let by_slug = path("slug").replace("game-rules", "game-rules/by-slug");
        assert_eq!(ask(app.get(&path("id"))).await, (200, rule.clone()));
        assert_eq!(ask(app.get(&by_slug)).await, (200, rule.clone()));
        // The slug was the id in the earlier backend.
        assert_eq!(ask(app.get(&path("slug"))).await, (200, rule.clone()));
    }
}

#[testkit::on_both_databases]
async fn unknown_rules_are_not_found() {
    let app = TestApp::spawn().await;
    let mut transcript = Transcript::default();

    for (what, key) in [
        ("an unknown id", "00000000-0000-0000-0002-000000000004"),
        ("no id", "first"),
        ("an unknown slug", "by-slug/chess"),
        ("a slug in upper case", "by-slug/SKILL_ASSESSMENT"),
        ("U+0000 in a slug", "by-slug/%00"),
    ] {
        transcript.say(what, app.get(&format!("/api/game-rules/{key}"))).await;
    }

    transcript.check("game_rules_find_nothing");
}

#[testkit::on_both_databases]
async fn types_say_what_the_rules_amount_to() {
    let app = TestApp::spawn().await;
    let (status, types) = ask(app.get("/api/game-rules/types")).await;
    assert_eq!((status, &types["total"]), (200, &json!(3)));
    let shown: Vec<Value> = types["rule_types"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| json!([it["id"], it["zones"], it["max_cards_per_zone"]]))
        .collect();
    let expected = json!([
        ["skill_assessment", 2, 5],
        ["value_navigation", 9, 1],
        ["career_personality", 3, [20, null, 20]],
    ]);
    assert_eq!(json!(shown), expected);
    let (_, rule) = ask(app.get("/api/game-rules/skill_assessment")).await;
    let config =
        json!({ "layout": rule["layout_config"], "constraints": rule["constraint_config"] });
    assert_eq!(types["rule_types"][0]["config"], config);
}

#[testkit::on_both_databases]
async fn templates_are_for_those_who_open_rooms() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let (status, templates) = ask(counsellor.get("/api/game-rules/templates")).await;
    let templates = templates.as_array().unwrap();
    assert_eq!((status, templates.len()), (200, 3));
    assert!(templates.is_sorted_by_key(|it| it["name"].as_str().unwrap()));
    for template in templates {
        let path = format!("/api/game-rules/templates/{}", template["id"].as_str().unwrap());
        assert_eq!(ask(counsellor.get(&path)).await, (200, template.clone()));
    }
    let mut transcript = Transcript::default();
    let path = |id: &str| format!("/api/game-rules/templates/{id}");
    let known = path("00000000-0000-0000-0002-000000000001");
    transcript.say("one", counsellor.get(&known)).await;
    transcript.say("unknown", counsellor.get(&path("00000000-0000-0000-0002-000000000004"))).await;
    transcript.say("no id", counsellor.get(&path("x"))).await;
    transcript.say("a client", app.client_account().await.get(&known)).await;
    transcript
        .say("a client lists", app.client_account().await.get("/api/game-rules/templates"))
        .await;
    transcript.say("no token", app.get(&known)).await;
    transcript.check("game_rule_templates");
}

#[testkit::on_both_databases]
async fn skill_assessment_has_two_zones_of_five() {
    let zone = |id, name, y| zone(id, name, (60, y), &json!(5), 0, true, &Value::Null);
    let layout = json!({
        "deck_area": { "position": { "x": 0, "y": 0 }, "style": "stack" },
        "zones": [zone("advantage", "優勢", 20), zone("disadvantage", "劣勢", 60)],
    });
    let constraints = json!({
        "max_per_zone": { "advantage": 5, "disadvantage": 5 },
        "min_per_zone": {},
        "total_limit": 10,
        "unique_positions": false,
    });
    check("skill_assessment", "職能盤點卡 v1.0", &layout, &constraints).await;
}

#[testkit::on_both_databases]
async fn value_navigation_ranks_nine_cards() {
    let zone = |rank: i32| {
        let place = (60 + 20 * ((rank - 1) % 3), 20 + 20 * ((rank - 1) / 3));
        let (id, name) = (format!("rank_{rank}"), format!("第{rank}名"));
        zone(&id, &name, place, &json!(1), 0, false, &Value::Null)
    };
    let layout = json!({
        "deck_area": { "position": { "x": 0, "y": 0 }, "style": "categorized" },
        "zones": (1..=9).map(zone).collect::<Vec<_>>(),
    });
    let one_each: Value = (1..=9).map(|rank| (format!("rank_{rank}"), json!(1))).collect();
    let constraints = json!({
        "max_per_zone": one_each,
        "min_per_zone": {},
        "total_limit": 9,
        "unique_positions": true,
    });
    check("value_navigation", "價值導航卡 v1.0", &layout, &constraints).await;
}

#[testkit::on_both_databases]
async fn career_personality_sorts_into_three_zones() {
    let layout = json!({
        "deck_area": {
            "position": { "x": 0, "y": 0 },
            "style": "dual_layer",
            "layers": [
                { "type": "explanation", "card_count": 6 },
                { "type": "career", "card_count": 100 },
            ],
        },
        "zones": [
            zone("like", "喜歡", (20, 20), &json!(20), 1, false, &json!("#e8f5e8")),
            zone("neutral", "中立", (50, 20), &Value::Null, 0, false, &Value::Null),
            zone("dislike", "討厭", (80, 20), &json!(20), 1, false, &json!("#ffeaea")),
        ],
    });
    let constraints = json!({
        "max_per_zone": { "like": 20, "dislike": 20 },
        "min_per_zone": { "like": 1, "dislike": 1 },
        "total_limit": null,
        "unique_positions": false,
    });
    check("career_personality", "職游旅人卡 v1.0", &layout, &constraints).await;
}

/// The expectations are written down from the old backend's configuration, not from ours.
async fn check(slug: &str, name: &str, layout: &Value, constraints: &Value) {
    let app = TestApp::spawn().await;
    let (status, rule) = ask(app.get(&format!("/api/game-rules/by-slug/{slug}"))).await;
    assert_eq!(status, 200);
    let expected = json!({
        "id": rule["id"],
        "slug": slug,
        "name": name,
        "description": format!("預設{name}規則"),
        "version": "1.0.0",
        "layout_config": layout,
        "constraint_config": constraints,
        "is_active": true,
    });
    assert_eq!(rule, expected);
}

fn zone(
    id: &str,
    name: &str,
    (x, y): (i32, i32),
    max_cards: &Value,
    min_cards: i32,
    show_counter: bool,
    bg_color: &Value,
) -> Value {
    json!({
        "id": id,
        "name": name,
        "position": { "x": x, "y": y },
        "max_cards": max_cards,
        "min_cards": min_cards,
        "show_counter": show_counter,
        "bg_color": bg_color,
    })
}
