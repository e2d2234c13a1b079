BBBBBBB BBBBBBBBBBBBB
BBBB BBBB BBBBB BBBBB
BBBBB BBBBB gettext(u'How you are told') BBBBBBBB
BBBBB BBBBBBB
XX XXXXXXXXXXXX XXXXXXBBB BBBBBBBBBBBBBBBBXXBBBB BBBBBBBBBBBB gettext(u'My messages') XXXX
XXXX XXXXXXXXXXXXXXXXXXXXXXXX gettext(u'How you are told') XXXXXXXX gettext(u'Choose by which ways messages reach you. Whatever you choose, all that concerns your supply also lies here in the portal.') XXXXXXXXXX
XXXXX XXXXXXXXXXXXX XXXXXXXXXXXXXXXXXXXX XXXXXX XXXXXXXXXXXBBBBBBBBBB
  BBB BBBBB BBBB BB BBBBBB
  XXXXXXXX XXXXXXXXXXXX XXXXXXXXXXXX XXXXXXXXXXXXXXXXXXXXXXXXXXXXX XXXXXXXXXXXXXXXXXXXXXXX XXXXXXXXXXXXBB BBBB BB BBBBBBBBBBB BBBBBBBBB gettext(u'Bills and payments') BBBB BBBB BB BBBBBBBBBBBBB BBBBBB gettext(u'Supply and service') BBBBBBBB BBBBBB gettext(u'Offers') BBBBBXXXXXXXXXXX
    XXXX XXXXXXXXXXXXXXXXXX
      XX XXXXXXXXXXXXXXXXXXXXXXXBB BBBB BB BBBBBBB gettext(u'New bills, payments that arrived, reminders before a bill is due.') BBBB BBBB BB BBBBBBBBB gettext(u'Applications, appointments, changes, your contract.') BBBB gettext(u'New tariffs and services. You get none of these unless you switch them on.') BBBBBXXXX
      BBB BBBBBBB BBBBB BB BBBB
      XXXXXX XXXXXXXXXXX XXXXXXXXXXXXXBB BBBBBBBBBBBBBB BB BBBBB gettext(u'By SMS') BBBB BBBBBBBBBBBBBB BB BBBBBBB gettext(u'By e-mail') BBBB BBBBBBBBBBBBBB BB BBBBBB gettext(u'By letter') BBBB gettext(u'Here in the portal') BBBBBXXXXXXXXXXXX XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX
      BBBBBB
    XXXXXXXXXXXXXXXX
  BBBBBB
  XXXX XXXXXXXXXXXXXXXXX XXXXXXXXXXXXXXXXXX
    BB BBBBBXXXBBBB BBBBBB  gettext(u'Between %(start)s and %(end)s we send no SMS: they wait for the morning. Only what cannot wait, such as a code that you asked for, comes at once.') SSSSSSS SSSSSSSSS SSS SSSSSSS SS SSSS SS SSSS SSSS SSSS SSS SSS SSSSSSSS SSSS SSSS SSSSSS SSSSS SSSS SS S SSSS SSSS SSS SSSSS SSSS SSSSS SS SSSSSXXXXBBBBB
    XX XXXXXXXXXXXXX gettext(u'Some messages the law wants you to get in any case, such as a notice before the supply is cut. They come by every way, whatever is chosen here.') XXXX
  XXXXXXXXXXXX
  XXXX XXXXXXXXXXXXXXXXXXXXXXXXXXX XXXXXXXXXX XXXXXXXXXXXXXBBBB BBBBBBB gettext(u'Save') XXXXXXXXXXX XXXXXXXXXXX XXXXXXBBB BBBBBBBBBBBBBBBBXX gettext(u'Leave it as it is') XXXXXXXXXX
XXXXXXX
BB BBB BBBBBBBBBBBBBBBBBBBB BB BBB BBBBBBBBBBBBBBBBBBBBXX XXXXXXXXXXXXXXXXXXXXX XXXXXXBB BBBBBBBBBBBBBB gettext(u'We do not know all your numbers and addresses. Call %(phone)s to add one.') SS SS SSS SSSS SSS SSSS SSSSSSS SSS SSSSSSSSSS SSSS SSSSSSSSS SS SSS SSSSBBBB gettext(u'We do not know all your numbers and addresses. Please tell us.') BBBBBXXXXBBBBB
BBBBBBBB
