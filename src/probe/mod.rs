//! One HTTP request and a verdict, attributed to the worker that answers it.
