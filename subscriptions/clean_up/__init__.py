"""Expired subscriptions end in bulk, without refund."""
