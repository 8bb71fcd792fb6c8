"""The same events as email: for people who chose it, for lists of environments, and for readers of the digest.

The consumer (`mailer`) puts letters into the post, which is in Redis; the `postman` sends them, each made from
the request as it stands when it is sent. So an address that refuses, or a server that stalls, holds back nobody.
"""
