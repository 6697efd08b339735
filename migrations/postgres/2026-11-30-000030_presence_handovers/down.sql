DROP TABLE presence_handovers;
