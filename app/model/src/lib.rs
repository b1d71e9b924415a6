//! Records, figures, ranges, money: plain types and arithmetic that both sides share.
