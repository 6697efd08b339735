-- The rules that a room may be opened with. The three of the product are here from the start, so
-- that opening a room only ever looks one up. Documents are written in their canonical form
-- (shorter keys first), as both databases give them back.
CREATE TABLE game_rule_templates (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    slug text NOT NULL,
    description text,
    version text NOT NULL,
    layout_config jsonb NOT NULL,
    constraint_config jsonb NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT game_rule_templates_slug_key UNIQUE (slug)
);

CREATE TABLE rooms (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    description text,
    game_rule_id uuid REFERENCES game_rule_templates (id),
    counselor_id uuid NOT NULL REFERENCES users (id),
    share_code text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    session_count integer NOT NULL DEFAULT 0,
    CONSTRAINT rooms_share_code_key UNIQUE (share_code)
);

CREATE INDEX rooms_counselor_id_created_at_idx ON rooms (counselor_id, created_at DESC);

-- A heartbeat touches last_seen, which no index holds: the row is rewritten in place (HOT).
CREATE TABLE visitors (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    room_id uuid NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    session_id text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    joined_at timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    CONSTRAINT visitors_room_id_session_id_key UNIQUE (room_id, session_id)
) WITH (fillfactor = 80);

CREATE INDEX visitors_room_id_joined_at_idx ON visitors (room_id, joined_at);

INSERT INTO game_rule_templates
    (id, name, slug, description, version, layout_config, constraint_config, is_active, created_at, updated_at)
VALUES (
    '00000000-0000-0000-0002-000000000001', '職能盤點卡 v1.0', 'skill_assessment', '預設職能盤點卡 v1.0規則', '1.0.0',
    '{"zones":[{"id":"advantage","name":"優勢","bg_color":null,"position":{"x":60,"y":20},"max_cards":5,"min_cards":0,"show_counter":true},{"id":"disadvantage","name":"劣勢","bg_color":null,"position":{"x":60,"y":60},"max_cards":5,"min_cards":0,"show_counter":true}],"deck_area":{"style":"stack","position":{"x":0,"y":0}}}',
    '{"total_limit":10,"max_per_zone":{"advantage":5,"disadvantage":5},"min_per_zone":{},"unique_positions":false}',
    true, '2026-11-23T00:00:00Z', '2026-11-23T00:00:00Z'
), (
    '00000000-0000-0000-0002-000000000002', '價值導航卡 v1.0', 'value_navigation', '預設價值導航卡 v1.0規則', '1.0.0',
    '{"zones":[{"id":"rank_1","name":"第1名","bg_color":null,"position":{"x":60,"y":20},"max_cards":1,"min_cards":0,"show_counter":false},{"id":"rank_2","name":"第2名","bg_color":null,"position":{"x":80,"y":20},"max_cards":1,"min_cards":0,"show_counter":false},{"id":"rank_3","name":"第3名","bg_color":null,"position":{"x":100,"y":20},"max_cards":1,"min_cards":0,"show_counter":false},{"id":"rank_4","name":"第4名","bg_color":null,"position":{"x":60,"y":40},"max_cards":1,"min_cards":0,"show_counter":false},{"id":"rank_5","name":"第5名","bg_color":null,"position":{"x":80,"y":40},"max_cards":1,"min_cards":0,"show_counter":false},{"id":"rank_6","name":"第6名","bg_color":null,"position":{"x":100,"y":40},"max_cards":1,"min_cards":0,"show_counter":false},{"id":"rank_7","name":"第7名","bg_color":null,"position":{"x":60,"y":60},"max_cards":1,"min_cards":0,"show_counter":false},{"id":"rank_8","name":"第8名","bg_color":null,"position":{"x":80,"y":60},"max_cards":1,"min_cards":0,"show_counter":false},{"id":"rank_9","name":"第9名","bg_color":null,"position":{"x":100,"y":60},"max_cards":1,"min_cards":0,"show_counter":false}],"deck_area":{"style":"categorized","position":{"x":0,"y":0}}}',
    '{"total_limit":9,"max_per_zone":{"rank_1":1,"rank_2":1,"rank_3":1,"rank_4":1,"rank_5":1,"rank_6":1,"rank_7":1,"rank_8":1,"rank_9":1},"min_per_zone":{},"unique_positions":true}',
    true, '2026-11-23T00:00:00Z', '2026-11-23T00:00:00Z'
), (
    '00000000-0000-0000-0002-000000000003', '職游旅人卡 v1.0', 'career_personality', '預設職游旅人卡 v1.0規則', '1.0.0',
    '{"zones":[{"id":"like","name":"喜歡","bg_color":"#e8f5e8","position":{"x":20,"y":20},"max_cards":20,"min_cards":1,"show_counter":false},{"id":"neutral","name":"中立","bg_color":null,"position":{"x":50,"y":20},"max_cards":null,"min_cards":0,"show_counter":false},{"id":"dislike","name":"討厭","bg_color":"#ffeaea","position":{"x":80,"y":20},"max_cards":20,"min_cards":1,"show_counter":false}],"deck_area":{"style":"dual_layer","layers":[{"type":"explanation","card_count":6},{"type":"career","card_count":100}],"position":{"x":0,"y":0}}}',
    '{"total_limit":null,"max_per_zone":{"like":20,"dislike":20},"min_per_zone":{"like":1,"dislike":1},"unique_positions":false}',
    true, '2026-11-23T00:00:00Z', '2026-11-23T00:00:00Z'
);
