//! Tables: who; the least, the middle and the greatest of all rounds; the ratios of the middles.

/// A figure for each round, or why there is none.
pub(crate) type Figures = Result<Vec<f64>, String>;

/// Prints the rows of one measure: of the first, of the floor, of the others.
pub(crate) fn print(what: &str, digits: usize, first: &str, floor: &str, rows: &[(&str, Figures)]) {
    println!("\n{what:44}{:>11}{:>11}{:>11}{:>9}{:>9}", "min", "median", "max", "/ours", "/floor");
    let middle_of = |wanted: &str| {
        let row = rows.iter().find(|(who, _)| *who == wanted);
        row.and_then(|(_, figures)| figures.as_ref().ok()).map_or(f64::NAN, |all| median(all))
    };
    let (first, floor) = (middle_of(first), middle_of(floor));
    for (who, figures) in rows {
        match figures {
            Ok(all) => {
                let middle = median(all);
                let least = all.iter().copied().fold(f64::INFINITY, f64::min);
                let greatest = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                println!(
                    "  {who:42}{least:>11.digits$}{middle:>11.digits$}{greatest:>11.digits$}\
                     {:>9}{:>9}",
                    ratio(middle, first),
                    ratio(middle, floor)
                );
            }
            Err(why) => println!("  {who:42}  {why}"),
        }
    }
}

/// A dash where there is nothing to compare with.
fn ratio(figure: f64, other: f64) -> String {
    let ratio = figure / other;
    if ratio.is_finite() { format!("{ratio:.2}") } else { "-".to_owned() }
}

/// The middle one.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
