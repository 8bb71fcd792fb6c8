"""Gates: deployments that wait at a vendor for what is decided here. docs/gates.md tells how to set one up."""
