//! A Dataverse organisation on this machine, over HTTP.
