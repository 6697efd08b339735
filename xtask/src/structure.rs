//! `cargo xtask structure`: import cycles between modules, the depth of the crate graph, and the map of
//! crates in ARCHITECTURE.md.

mod crates;
mod imports;
mod source;

use std::fs;

use anyhow::{Context as _, Result, ensure};

use crates::Graph;

/// Crates on the longest dependency chain.
const CHAIN_MAX: usize = 7;

const PAGE: &str = "ARCHITECTURE.md";

/// Check import cycles, the depth of the crate graph, and the map in ARCHITECTURE.md
///
/// The map is the fenced block that opens with ```` ```crates ````: one line for each crate,
/// `name -> dependencies`, a crate below everything that it depends on.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Write the map instead of comparing it.
    #[arg(long)]
    write: bool,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    let graph = Graph::of_workspace().await?;
    let cycles = print_cycles(&graph)?;
    let chain = graph.longest_chain();
    println!("{cycles} import cycles between modules");
    println!("longest chain: {} crates, at most {CHAIN_MAX}: {}", chain.len(), chain.join(" -> "));
    if arguments.write {
        write_map(&graph)?;
    }
    ensure!(cycles == 0, "modules import one another in a cycle");
    ensure!(chain.len() <= CHAIN_MAX, "the longest dependency chain is too long");
    compare_map(&fs::read_to_string(PAGE)?, &graph)
}

/// Prints the import cycles of every target; returns their number.
fn print_cycles(graph: &Graph) -> Result<usize> {
    let mut count = 0;
    for (name, roots) in &graph.roots {
        for root in roots {
            let cycles = imports::cycles(root).with_context(|| root.display().to_string())?;
            count += cycles.len();
            for cycle in cycles {
                println!("{name}: {}", cycle.join(", "));
            }
        }
    }
    Ok(count)
}

fn write_map(graph: &Graph) -> Result<()> {
    let mut page = fs::read_to_string(PAGE)?;
    if split_at_map(&page).is_err() {
        page.push_str("\n## The crates and their dependencies\n\n```crates\n```\n");
    }
    let (before, map, after) = split_at_map(&page)?;
    if map != graph.map() {
        fs::write(PAGE, [before, &graph.map(), after].concat())?;
        println!("wrote the map in {PAGE}");
    }
    Ok(())
}

fn compare_map(page: &str, graph: &Graph) -> Result<()> {
    let (_, map, _) = split_at_map(page)?;
    ensure!(
        map == graph.map(),
        "the map in {PAGE} differs from the crates; `cargo xtask structure --write` writes it:\n{}",
        graph.map()
    );
    Ok(())
}

/// The text before the map, the map, and the text after it.
fn split_at_map(page: &str) -> Result<(&str, &str, &str)> {
    const OPENING: &str = "```crates\n";
    let start = page.find(OPENING).context("ARCHITECTURE.md has no block ```crates")?;
    let start = start + OPENING.len();
    let end = page[start..].find("```").context("the block ```crates is not closed")? + start;
    Ok((&page[..start], &page[start..end], &page[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph() -> Graph {
        Graph::new([("ids", vec![]), ("rooms", vec!["ids"])])
    }

    #[test]
    fn the_map_is_found_between_its_fences() {
        let page = "# A\n```crates\nids\n```\nrest\n";

        assert_eq!(split_at_map(page).unwrap(), ("# A\n```crates\n", "ids\n", "```\nrest\n"));
        assert!(split_at_map("# A\n").is_err());
        assert!(split_at_map("```crates\nids\n").is_err());
    }

    #[test]
    fn a_map_that_lacks_a_crate_or_a_dependency_is_refused() {
        let page = |map: &str| format!("```crates\n{map}```\n");

        assert!(compare_map(&page("ids\nrooms -> ids\n"), &graph()).is_ok());
        assert!(compare_map(&page("ids\n"), &graph()).is_err());
        assert!(compare_map(&page("ids\nrooms\n"), &graph()).is_err());
        assert!(compare_map("", &graph()).is_err());
    }
}
