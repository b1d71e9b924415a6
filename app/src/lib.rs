//! What people see: pages, components, charts, and the server functions' signatures.
