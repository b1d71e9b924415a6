//! What one poll brings: the whole panel in ready words and whole numbers.
//!
//! The server has done the arithmetic and the wording, so that the browser only puts texts and paths in their places.

use model::calendar::Compare;
use serde::{Deserialize, Serialize};

use crate::address::ViewQuery;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Panel {
    /// Names this content; equal versions of one address show the same.
    pub version: u64,
    /// When it was computed, in milliseconds since 1970.
    pub as_of_ms: i64,
    /// The same as a clock on the wall shows it.
    pub as_of: String,
    pub ask: ViewQuery,
    pub choice: ViewChoice,
    /// The time zone that the days are counted in.
    pub zone: String,
    pub heading: Heading,
    /// How the first run is recorded, where there is none yet, as it stands in the page.
    pub invitation: Option<String>,
    pub tiles: Vec<TileView>,
    pub chart: ChartView,
    /// Why the picked figure moved and what it is made of, as it stands in the page.
    pub parts: String,
    pub runs: Vec<RunView>,
    /// The proof at the foot, as it stands in the page.
    pub balance: String,
    /// What is not well with delivery, as a sentence.
    pub delivery_note: Option<String>,
    /// What the box for the campaign says.
    pub campaign: String,
    /// What became of the search for a campaign, where it is not clear which is meant.
    pub search: Option<String>,
    /// The campaigns that may be meant, where it is not clear which.
    pub matches: Vec<CampaignChoice>,
}

impl Panel {
    /// With the name of who looks at it where one is asked for: nothing else of it is one person's own.
    #[cfg(feature = "ssr")]
    #[must_use]
    pub fn signed(self: std::sync::Arc<Self>, author: &str) -> std::sync::Arc<Self> {
        if author.is_empty() {
            return self;
        }
        let tools = crate::blocks::signed(&self.chart.tools, author);
        let chart = ChartView { tools, ..self.chart.clone() };
        std::sync::Arc::new(Self { chart, ..Self::clone(&self) })
    }

    /// What it takes in memory, about: its texts are many and short.
    #[cfg(feature = "ssr")]
    #[must_use]
    pub fn bytes(&self) -> usize {
        4_096 + 6 * postcard::to_allocvec(self).map_or(0, |bytes| bytes.len())
    }

    /// The tab's title: the verdict first, or whose page it is.
    #[must_use]
    pub fn title(&self) -> String {
        title(if self.ask.is_own { &self.campaign } else { &self.heading.lead })
    }

    /// `ETag` of the poll that brings this panel.
    #[must_use]
    pub fn entity_tag(&self) -> String {
        entity_tag(self.version)
    }
}

/// A tab's title that leads with a sentence.
pub(crate) fn title(lead: &str) -> String {
    format!("{} · Studio Metrics", lead.trim_end_matches('.'))
}

/// `ETag` of a version.
#[must_use]
pub fn entity_tag(version: u64) -> String {
    format!("\"{version:016x}\"")
}

/// Good, bad or neither; for colour and mark, never for colour alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tone {
    #[default]
    Neutral,
    Good,
    Late,
    Bad,
}

impl Tone {
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Good => "good",
            Self::Late => "late",
            Self::Bad => "bad",
        }
    }
}

/// What the lower row of the head offers. All but the dates is HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewChoice {
    /// "21 Aug – 19 Nov": the days that are shown.
    pub dates: String,
    pub date_form: String,
    /// With what the figures are compared, and the options of the box for that.
    pub compared: Compare,
    pub compare: String,
    /// Fields that keep the rest of the view where the form is sent without a script.
    pub kept: String,
}

/// The page's first sentence: the verdict, then what bears it out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    pub lead: String,
    pub rest: String,
    pub tone: Tone,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TileView {
    pub key: String,
    pub label: String,
    /// One figure, two for the tokens, none where there is nothing to show.
    pub figures: Vec<FigureView>,
    /// Why there is no figure.
    pub absence: String,
    pub delta: Option<DeltaView>,
    pub spark: Spark,
    pub note: String,
    /// What stands behind the figure, as it stands in the page.
    pub explanation: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FigureView {
    /// As in the JSON.
    pub exact: String,
    pub shown: String,
    pub unit: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeltaView {
    /// `▲`, `▼` or `–`.
    pub arrow: String,
    pub words: String,
    pub tone: Tone,
}

/// Paths in a box of 100 by 32.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spark {
    pub line: String,
    pub area: String,
    pub last: String,
}

/// Paths in a box of 10,000 by 1,000 that is stretched to the chart's place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChartView {
    pub title: String,
    pub caption: String,
    /// What one point of it is: "day" or "hour".
    pub unit: String,
    pub grid: String,
    pub columns: String,
    pub partial: String,
    /// The running mean, or the figure itself where it is a line.
    pub mean: String,
    /// Lines beside it.
    pub thin: String,
    /// The ranges of the days to come.
    pub band: String,
    pub previous: String,
    /// What the lines are called, the heights of the scale and the days, as they stand in the page.
    pub ends: String,
    pub heights: String,
    pub days: String,
    pub previous_name: String,
    /// What lies over the drawing: the budget's line, and notes at their days. As it stands in the page, as what follows.
    pub laid_over: String,
    /// What can be done with it: the file, a note, the budget. The same for as long as the view is, so that a poll leaves alone
    /// what is being written there.
    pub tools: String,
    /// The notes of these days.
    pub notes: String,
    pub points: Vec<PointView>,
}

/// One column of the chart, one row of its table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointView {
    pub when: String,
    pub value: String,
    pub runs: String,
    pub previous: String,
    /// Middle of the column, in hundredths of a percent of the chart's width.
    pub at: u16,
    pub partial: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunView {
    pub id: String,
    pub at_ms: i64,
    /// The time as a clock on the wall shows it.
    pub at: String,
    pub campaign: String,
    pub campaign_id: String,
    pub phase: String,
    pub agents: String,
    pub tone: Tone,
    pub assets: String,
    pub cost: String,
    pub latency: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignChoice {
    pub id: String,
    pub name: String,
}

impl CampaignChoice {
    #[cfg(feature = "ssr")]
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.id.len() + self.name.len()
    }
}
