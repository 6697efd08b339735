DROP TABLE gameplay_states;
