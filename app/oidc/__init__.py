"""What issuers of signed tokens publish of themselves, and whether a token is signed by one: for people and for jobs.

OpenID Connect Discovery 1.0; JSON Web Tokens (RFC 7519) by the best current practices of RFC 8725.
"""
