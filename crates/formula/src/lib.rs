//! The factor language: parser, operator graph, streaming evaluator, built-in factor library.
