//! A client of the Dataverse Web API: OData and OAuth2, nothing of this product.
