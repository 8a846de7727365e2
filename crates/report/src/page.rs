//! The page: title, sections, and the blocks a section is made of.

use crate::chart::Chart;
use crate::escape::push_html;
use crate::explorer::{self, Explorer};
use crate::figure::{Figure, Heat, Violins};
use crate::table::Table;

/// The styles, put into every page.
const STYLE: &str = include_str!("page.css");
/// The script, put into every page.
const SCRIPT: &str = include_str!("page.js");

/// A number worth a large font.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// What it is.
    pub label: String,
    /// The number with its unit.
    pub value: String,
    /// Small print below it; may be empty.
    pub note: String,
}

/// One piece of a section.
#[derive(Debug, Clone, PartialEq)]
enum Block {
    /// Large numbers side by side.
    Tiles(Vec<Tile>),
    /// Names and values.
    Facts(Vec<(String, String)>),
    /// A table.
    Table(Table),
    /// A chart.
    Chart(Box<Chart>),
    /// Bars or points.
    Figure(Box<Figure>),
    /// Outlines of distributions.
    Violins(Violins),
    /// Shaded numbers.
    Heat(Heat),
    /// Rows to look through.
    Explorer(Box<Explorer>),
    /// A paragraph.
    Note(String),
    /// A list of short texts.
    List(Vec<String>),
    /// Text kept as it is, in a fixed-width font, folded behind its title.
    Preformatted(String, String),
}

/// A heading and blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// The heading; also its entry in the page's list of sections.
    title: String,
    /// Blocks in order.
    blocks: Vec<Block>,
}

impl Section {
    /// Large numbers side by side.
    pub fn tiles(&mut self, tiles: Vec<Tile>) -> &mut Self {
        self.push(Block::Tiles(tiles))
    }

    /// Names and values, one pair per line.
    pub fn facts(&mut self, facts: Vec<(String, String)>) -> &mut Self {
        self.push(Block::Facts(facts))
    }

    /// A table.
    pub fn table(&mut self, table: Table) -> &mut Self {
        self.push(Block::Table(table))
    }

    /// A chart.
    pub fn chart(&mut self, chart: Chart) -> &mut Self {
        self.push(Block::Chart(Box::new(chart)))
    }

    /// Bars or points.
    pub fn figure(&mut self, figure: Figure) -> &mut Self {
        self.push(Block::Figure(Box::new(figure)))
    }

    /// Outlines of distributions.
    pub fn violins(&mut self, violins: Violins) -> &mut Self {
        self.push(Block::Violins(violins))
    }

    /// Shaded numbers.
    pub fn heat(&mut self, heat: Heat) -> &mut Self {
        self.push(Block::Heat(heat))
    }

    /// Rows to look through.
    pub fn explorer(&mut self, explorer: Explorer) -> &mut Self {
        self.push(Block::Explorer(Box::new(explorer)))
    }

    /// A paragraph.
    pub fn note(&mut self, text: impl Into<String>) -> &mut Self {
        self.push(Block::Note(text.into()))
    }

    /// A list of short texts.
    pub fn list(&mut self, items: Vec<String>) -> &mut Self {
        self.push(Block::List(items))
    }

    /// Text kept as it is, folded behind `title`.
    pub fn preformatted(&mut self, title: impl Into<String>, text: impl Into<String>) -> &mut Self {
        self.push(Block::Preformatted(title.into(), text.into()))
    }

    /// Appends a block.
    fn push(&mut self, block: Block) -> &mut Self {
        self.blocks.push(block);
        self
    }
}

/// A page under construction.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Title of the document and the first heading.
    title: String,
    /// A line under the title; may be empty.
    subtitle: String,
    /// Sections in order.
    sections: Vec<Section>,
    /// A line at the end; may be empty.
    footer: String,
}

impl Page {
    /// An empty page.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), subtitle: String::new(), sections: Vec::new(), footer: String::new() }
    }

    /// Sets the line under the title.
    pub fn subtitle(&mut self, text: impl Into<String>) -> &mut Self {
        self.subtitle = text.into();
        self
    }

    /// Sets the line at the end.
    pub fn footer(&mut self, text: impl Into<String>) -> &mut Self {
        self.footer = text.into();
        self
    }

    /// Appends a section and hands it out to be filled.
    pub fn section(&mut self, title: impl Into<String>) -> &mut Section {
        self.sections.push(Section { title: title.into(), blocks: Vec::new() });
        self.sections.last_mut().expect("a section was pushed on the line above")
    }

    /// The whole page. The same page gives the same bytes.
    pub fn render(&self) -> String {
        let mut out = String::with_capacity(64 * 1024);
        self.render_head(&mut out);
        for (idx, section) in self.sections.iter().enumerate() {
            out.push_str(&format!("<section id=\"s{}\">\n<h2>", idx + 1));
            push_html(&mut out, &section.title);
            out.push_str("</h2>\n");
            for block in &section.blocks {
                render_block(block, &mut out);
            }
            out.push_str("</section>\n");
        }
        out.push_str("</main>\n");
        if !self.footer.is_empty() {
            push_element(&mut out, "footer", &self.footer);
        }
        out.push_str("<script>\n");
        out.push_str(SCRIPT);
        if self.sections.iter().any(|section| section.blocks.iter().any(|b| matches!(b, Block::Explorer(_)))) {
            out.push_str(explorer::SCRIPT);
        }
        out.push_str("</script>\n</body>\n</html>\n");
        out
    }

    /// Appends all up to the first section. The content policy forbids every request, whatever a later change does.
    fn render_head(&self, out: &mut String) {
        out.push_str("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        out.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
        out.push_str("style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n");
        out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        out.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n");
        push_element(out, "title", &self.title);
        out.push_str("<style>\n");
        out.push_str(STYLE);
        out.push_str("</style>\n</head>\n<body>\n<header>\n");
        push_element(out, "h1", &self.title);
        if !self.subtitle.is_empty() {
            push_element(out, "p", &self.subtitle);
        }
        if self.sections.len() > 1 {
            out.push_str("<nav>");
            for (idx, section) in self.sections.iter().enumerate() {
                out.push_str(&format!("<a href=\"#s{}\">", idx + 1));
                push_html(out, &section.title);
                out.push_str("</a> ");
            }
            out.push_str("</nav>\n");
        }
        out.push_str("</header>\n<noscript><p class=\"small\">Charts and sorting need JavaScript; ");
        out.push_str("nothing is loaded from outside this file.</p></noscript>\n<main>\n");
    }
}

/// Appends one block.
fn render_block(block: &Block, out: &mut String) {
    match block {
        Block::Tiles(tiles) => render_tiles(tiles, out),
        Block::Facts(facts) => render_facts(facts, out),
        Block::Table(table) => table.render(out),
        Block::Chart(chart) => chart.render(out),
        Block::Figure(figure) => figure.render(out),
        Block::Violins(violins) => violins.render(out),
        Block::Heat(heat) => heat.render(out),
        Block::Explorer(explorer) => explorer.render(out),
        Block::Note(text) => push_element(out, "p", text),
        Block::List(items) => {
            out.push_str("<ul>\n");
            for item in items {
                push_element(out, "li", item);
            }
            out.push_str("</ul>\n");
        }
        Block::Preformatted(title, text) => {
            out.push_str("<details>");
            push_element(out, "summary", title);
            // The parser drops the first line feed after <pre>; this one is for it, so the text keeps its own.
            out.push_str("<pre>\n");
            push_html(out, text);
            out.push_str("</pre></details>\n");
        }
    }
}

/// Appends large numbers.
fn render_tiles(tiles: &[Tile], out: &mut String) {
    out.push_str("<div class=\"tiles\">\n");
    for tile in tiles {
        out.push_str("<div><span>");
        push_html(out, &tile.label);
        out.push_str("</span><b>");
        push_html(out, &tile.value);
        out.push_str("</b>");
        if !tile.note.is_empty() {
            out.push_str("<small>");
            push_html(out, &tile.note);
            out.push_str("</small>");
        }
        out.push_str("</div>\n");
    }
    out.push_str("</div>\n");
}

/// Appends names and values.
fn render_facts(facts: &[(String, String)], out: &mut String) {
    out.push_str("<dl>\n");
    for (name, value) in facts {
        out.push_str("<dt>");
        push_html(out, name);
        out.push_str("</dt><dd>");
        push_html(out, value);
        out.push_str("</dd>\n");
    }
    out.push_str("</dl>\n");
}

/// Appends `<tag>text</tag>` and a line feed.
fn push_element(out: &mut String, tag: &str, text: &str) {
    out.push('<');
    out.push_str(tag);
    out.push('>');
    push_html(out, text);
    out.push_str("</");
    out.push_str(tag);
    out.push_str(">\n");
}
