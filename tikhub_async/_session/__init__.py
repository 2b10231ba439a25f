"""The client side's only users of aiohttp: pools, one exchange, the retry loop around it.

Modules above import it inside functions or for type checkers only: aiohttp loads with the first client, not with the
package.
"""
