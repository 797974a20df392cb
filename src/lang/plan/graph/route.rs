//! The way of an arrow through a grid, round what stands in it.

/// A grid of items. Columns have a line through their middle, to which items are aligned, and a gutter on their right.
pub(super) struct Grid<'a> {
    pub lines: &'a [f64],
    pub gutters: &'a [f64],
    pub tops: &'a [f64],
    pub heights: &'a [f64],
    /// Row and column of each item.
    pub cells: &'a [(usize, usize)],
}

impl Grid<'_> {
    /// From the bottom of one item, `exit` below the top of its row, to the top of another in a lower row.
    pub(super) fn route(&self, from: usize, to: usize, exit: f64) -> Vec<(f64, f64)> {
        let ((row, column), (last, goal)) = (self.cells[from], self.cells[to]);
        let start = (self.lines[column], self.tops[row] + exit);
        let end = (self.lines[goal], self.tops[last]);
        // Arrows turn in the gaps below the first row and above the last.
        let below = self.tops[row] + self.heights[row] + 12.0;
        let above = self.tops[last] - 16.0;
        let is_free = |column: usize| !self.cells.iter().any(|cell| cell.1 == column && cell.0 > row && cell.0 < last);
        if column == goal && is_free(column) {
            vec![start, end]
        } else if is_free(column) {
            vec![start, (start.0, above), (end.0, above), end]
        } else if is_free(goal) {
            vec![start, (start.0, below), (end.0, below), end]
        } else {
            let gutter = self.gutters[column];
            vec![start, (start.0, below), (gutter, below), (gutter, above), (end.0, above), end]
        }
    }
}
