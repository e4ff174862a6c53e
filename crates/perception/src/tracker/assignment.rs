//! The best matching of rows with columns: shortest augmenting paths with potentials (the Hungarian method), O(n³).

/// Pairs rows with columns so that the sum of gains is greatest, over pairs for which `gain` is something.
/// Gains lie between 0 and 1; each row and each column occurs at most once.
pub(super) fn assign(rows: usize, columns: usize, gain: impl Fn(usize, usize) -> Option<f32>) -> Vec<(usize, usize)> {
    if rows == 0 || columns == 0 {
        return Vec::new();
    }
    let gains: Vec<Vec<Option<f32>>> = (0..rows).map(|r| (0..columns).map(|c| gain(r, c)).collect()).collect();
    // A pair that is not allowed costs as much as leaving both alone, and is dropped afterwards.
    let cost = |r: usize, c: usize| gains[r][c].map_or(0.0, |g| -f64::from(g));
    let pairs = if rows <= columns {
        solve(rows, columns, cost)
    } else {
        solve(columns, rows, |c, r| cost(r, c)).into_iter().map(|(c, r)| (r, c)).collect()
    };
    pairs.into_iter().filter(|&(r, c)| gains[r][c].is_some()).collect()
}

/// Pairs every row with a column of its own at the least total cost; `rows <= columns`.
fn solve(rows: usize, columns: usize, cost: impl Fn(usize, usize) -> f64) -> Vec<(usize, usize)> {
    // Index 0 stands for "none"; rows and columns count from 1.
    let mut row_potential = vec![0.0; rows + 1];
    let mut column_potential = vec![0.0; columns + 1];
    let mut row_of = vec![0; columns + 1];
    for row in 1..=rows {
        row_of[0] = row;
        let mut column = 0;
        let mut least = vec![f64::INFINITY; columns + 1];
        let mut came_from = vec![0; columns + 1];
        let mut visited = vec![false; columns + 1];
        while row_of[column] != 0 {
            visited[column] = true;
            let from = row_of[column];
            let (mut delta, mut next) = (f64::INFINITY, 0);
            for to in (1..=columns).filter(|&c| !visited[c]) {
                let reduced = cost(from - 1, to - 1) - row_potential[from] - column_potential[to];
                if reduced < least[to] {
                    least[to] = reduced;
                    came_from[to] = column;
                }
                if least[to] < delta {
                    delta = least[to];
                    next = to;
                }
            }
            for c in 0..=columns {
                if visited[c] {
                    row_potential[row_of[c]] += delta;
                    column_potential[c] -= delta;
                } else {
                    least[c] -= delta;
                }
            }
            column = next;
        }
        while column != 0 {
            let before = came_from[column];
            row_of[column] = row_of[before];
            column = before;
        }
    }
    (1..=columns).filter(|&c| row_of[c] != 0).map(|c| (row_of[c] - 1, c - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn best_by_trying(gains: &[Vec<Option<f32>>], row: usize, used: &mut Vec<bool>) -> f32 {
        if row == gains.len() {
            return 0.0;
        }
        let mut best = best_by_trying(gains, row + 1, used);
        for (column, gain) in gains[row].iter().enumerate() {
            if let Some(gain) = gain
                && !used[column]
            {
                used[column] = true;
                best = best.max(gain + best_by_trying(gains, row + 1, used));
                used[column] = false;
            }
        }
        best
    }

    proptest! {
        #[test]
        fn no_other_matching_gains_more(
            gains in (1usize..5, 1usize..5).prop_flat_map(|(rows, columns)| {
                prop::collection::vec(prop::collection::vec(prop::option::of(0.0f32..1.0), columns), rows)
            })
        ) {
            let columns = gains[0].len();
            let pairs = assign(gains.len(), columns, |r, c| gains[r][c]);
            let total: f32 = pairs.iter().map(|&(r, c)| gains[r][c].expect("only allowed pairs")).sum();
            let best = best_by_trying(&gains, 0, &mut vec![false; columns]);
            prop_assert!(total > best - 1e-4, "found {total}, best is {best}");
        }
    }
}
