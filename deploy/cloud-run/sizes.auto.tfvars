# Written by `cargo xtask tune render --write` from the profile cloud-run.
cpu = 2
memory_mib = 1024
concurrency = 1000
instances_min = 1
instances_max = 1
timeout_secs = 3600
