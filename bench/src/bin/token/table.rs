//! Contestants down, algorithms across.

use handstamp_bench::Outcome;
use handstamp_bench::fixture::Fixture;
use handstamp_bench::peers::{self, Child, OURS, Work};
use handstamp_bench::race::{self, Finish, Plan};
use handstamp_bench::report::{Cell, Table};

/// Everybody, by algorithm.
pub(crate) fn compared(work: Work, fixtures: &[Fixture], children: &[Child], plan: Plan) -> Outcome<Table> {
    let mut columns: Vec<Vec<Finish>> = Vec::new();
    for fixture in fixtures {
        let mut contestants = peers::contestants(work, fixture)?;
        contestants.extend(children.iter().flat_map(|child| child.contestants(work, fixture)));
        columns.push(race::run(plan, contestants)?);
    }
    let names = fixtures.iter().map(|fixture| fixture.algorithm.name());
    let mut table = Table::new(work.name(), std::iter::once("").chain(names));
    let floor =
        columns.iter().map(|column| column.first().map_or(Cell::Nothing, |floor| Cell::Nanos(floor.nanos)));
    table.row(columns.first().and_then(|column| column.first()).map_or("", |floor| &floor.name), floor);
    for name in rows(&columns) {
        let cell = |column: &Vec<Finish>| {
            let finish = column.iter().find(|finish| finish.name == name);
            finish.map_or(Cell::Nothing, |finish| Cell::Ratio(finish.ratio))
        };
        table.row(&name, columns.iter().map(cell));
    }
    Ok(table)
}

/// Only ourselves, for the algorithms that few libraries have.
pub(crate) fn alone(fixtures: &[Fixture], plan: Plan) -> Outcome<Table> {
    let columns = ["", "verify: floor", "ours", "sign: floor", "ours"];
    let mut table = Table::new("the other algorithms", columns);
    for fixture in fixtures {
        let mut cells = Vec::new();
        for work in [Work::Verify, Work::Sign] {
            let mut contestants = peers::contestants(work, fixture)?;
            contestants.truncate(2);
            for finish in race::run(plan, contestants)? {
                let ours = finish.name == OURS;
                cells.push(if ours { Cell::Ratio(finish.ratio) } else { Cell::Nanos(finish.nanos) });
            }
        }
        table.row(fixture.algorithm.name(), cells);
    }
    Ok(table)
}

/// All names but the floor's, in the order of their first appearance.
fn rows(columns: &[Vec<Finish>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for finish in columns.iter().flat_map(|column| column.iter().skip(1)) {
        if !names.contains(&finish.name) {
            names.push(finish.name.clone());
        }
    }
    names
}
