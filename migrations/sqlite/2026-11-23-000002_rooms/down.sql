DROP TABLE visitors;
DROP TABLE rooms;
DROP TABLE game_rule_templates;
