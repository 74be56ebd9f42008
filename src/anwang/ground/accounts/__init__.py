"""Sign-in, roles, scope. The rest of the house says ``accounts.can`` and ``Model.objects.visible_to``."""
