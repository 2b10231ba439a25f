"""All data of the package, under the schema names of the gateway's documentation."""
