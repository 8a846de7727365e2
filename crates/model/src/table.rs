//! A plain table of named columns, the form in which rooms see stored data.

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Numbers; missing is NaN.
    F64(Vec<f64>),
    /// Whole numbers and times in microseconds; never missing.
    I64(Vec<i64>),
    /// Flags.
    Bool(Vec<bool>),
    /// Words.
    Text(Vec<String>),
}

impl Column {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::F64(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::Text(v) => v.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Columns of one length in a fixed order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// `(name, values)` pairs; names are unique.
    pub columns: Vec<(String, Column)>,
}

impl Table {
    /// Appends a column.
    ///
    /// # Panics
    /// If its length differs from the columns before it, or its name is taken.
    pub fn push(&mut self, name: impl Into<String>, column: Column) {
        let name = name.into();
        assert!(self.columns.is_empty() || column.len() == self.len(), "column `{name}` has the table's length");
        assert!(self.get(&name).is_none(), "column `{name}` is new");
        self.columns.push((name, column));
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A column by name.
    pub fn get(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(column, _)| column == name).map(|(_, values)| values)
    }

    /// A numeric column by name; `None` when it is absent or of another type.
    pub fn f64(&self, name: &str) -> Option<&[f64]> {
        match self.get(name) {
            Some(Column::F64(values)) => Some(values),
            _ => None,
        }
    }

    /// A whole-number or time column by name; `None` when it is absent or of another type.
    pub fn i64(&self, name: &str) -> Option<&[i64]> {
        match self.get(name) {
            Some(Column::I64(values)) => Some(values),
            _ => None,
        }
    }

    /// A flag column by name; `None` when it is absent or of another type.
    pub fn bool(&self, name: &str) -> Option<&[bool]> {
        match self.get(name) {
            Some(Column::Bool(values)) => Some(values),
            _ => None,
        }
    }

    /// A text column by name; `None` when it is absent or of another type.
    pub fn text(&self, name: &str) -> Option<&[String]> {
        match self.get(name) {
            Some(Column::Text(values)) => Some(values),
            _ => None,
        }
    }

    /// Takes a numeric column out of the table; `None` when it is absent or of another type.
    pub fn take_f64(&mut self, name: &str) -> Option<Vec<f64>> {
        let at = self.columns.iter().position(|(column, values)| column == name && matches!(values, Column::F64(_)))?;
        match self.columns.swap_remove(at).1 {
            Column::F64(values) => Some(values),
            _ => None,
        }
    }

    /// Takes a whole-number or time column out of the table; `None` when it is absent or of another type.
    pub fn take_i64(&mut self, name: &str) -> Option<Vec<i64>> {
        let at = self.columns.iter().position(|(column, values)| column == name && matches!(values, Column::I64(_)))?;
        match self.columns.swap_remove(at).1 {
            Column::I64(values) => Some(values),
            _ => None,
        }
    }
}
