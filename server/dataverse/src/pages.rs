//! The rows of a query, page by page, by the server's own links.

use std::sync::Arc;

use futures::stream::Stream;
use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::limit::Limit;
use crate::odata::path_of_link;
use crate::query::{Query, fetch_xml};
use crate::transport::Transport;

/// Pages of a query's answer. Links are followed verbatim until there is none.
pub struct Pages {
    inner: Arc<Transport>,
    limit: Option<Limit>,
    next: Next,
    preferences: Option<String>,
    count: Option<u64>,
}

enum Next {
    Query(Box<Query>),
    Path(String),
    None,
}

impl Next {
    /// The query in hand and its text, where it is FetchXML.
    fn fetch_xml(&self) -> Option<(&Query, &str)> {
        match self {
            Self::Query(query) => Some((query, query.fetch_xml.as_deref()?)),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct RowsPage {
    value: Vec<Value>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
    /// A number, or a number as text.
    #[serde(rename = "@odata.count")]
    count: Option<Value>,
    /// Annotations, those that FetchXML's pages are turned by among them.
    #[serde(flatten)]
    annotations: Map<String, Value>,
}

impl Pages {
    pub(crate) fn new(inner: Arc<Transport>, limit: Option<Limit>, query: Query) -> Self {
        let preferences = query.preferences();
        Self { inner, limit, next: Next::Query(Box::new(query)), preferences, count: None }
    }

    /// The next page; `None` after the last one. A page may be empty and others follow. After an error the same page
    /// can be asked for again.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Value>>, Error> {
        let path = match &self.next {
            Next::Query(query) => query.to_url()?,
            Next::Path(path) => path.clone(),
            Next::None => return Ok(None),
        };
        let mut call = self.inner.call(self.limit, "query", Method::GET, path.clone());
        if let Some(preferences) = &self.preferences {
            call = call.header("prefer", preferences)?;
        }
        let page: RowsPage = self.inner.send(call).await?.json()?;
        self.next = match (page.next, self.next.fetch_xml()) {
            (None, Some((query, xml))) => match fetch_xml::next(xml, &page.annotations)? {
                Some(xml) => Next::Query(Box::new(query.clone().fetch_xml(xml))),
                None => Next::None,
            },
            (Some(link), _) => {
                let next = path_of_link(&link)?;
                // A link that does not move on would be followed for ever.
                if next == path {
                    return Err(Error::Malformed("a next link that leads to the same page".to_owned()));
                }
                Next::Path(next)
            }
            (None, None) => Next::None,
        };
        if self.count.is_none() {
            self.count = page.count.and_then(|c| c.as_u64().or_else(|| c.as_str()?.parse().ok()));
        }
        Ok(Some(page.value))
    }

    /// How many rows match, if the query asked and a page has come; the server counts to 5,000 and no further.
    pub fn count(&self) -> Option<u64> {
        self.count
    }

    /// All rows one after another, a page in memory at a time.
    pub fn rows(self) -> impl Stream<Item = Result<Value, Error>> + Send {
        let start = (self, Vec::new().into_iter());
        futures::stream::try_unfold(start, |(mut pages, mut rows)| async move {
            loop {
                if let Some(row) = rows.next() {
                    return Ok(Some((row, (pages, rows))));
                }
                match pages.next_page().await? {
                    Some(page) => rows = page.into_iter(),
                    None => return Ok(None),
                }
            }
        })
    }

    /// All rows at once.
    pub async fn all(mut self) -> Result<Vec<Value>, Error> {
        let mut rows = Vec::new();
        while let Some(page) = self.next_page().await? {
            rows.extend(page);
        }
        Ok(rows)
    }
}
