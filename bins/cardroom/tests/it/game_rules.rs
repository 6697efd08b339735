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
        ("a path of the earlier backend that led nowhere", "types"),
        ("another one", "templates"),
        ("an unknown slug", "by-slug/chess"),
        ("a slug in upper case", "by-slug/SKILL_ASSESSMENT"),
        ("U+0000 in a slug", "by-slug/%00"),
    ] {
        transcript.say(what, app.get(&format!("/api/game-rules/{key}"))).await;
    }

    transcript.check("game_rules_find_nothing");
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
